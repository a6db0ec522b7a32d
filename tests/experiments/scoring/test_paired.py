"""Summaries over seeds against a table of Student's t and against many drawn samples."""

import numpy as np
import pytest

from experiments.scoring.paired import summary

# Two-sided 95 %, from a printed table: degrees of freedom and quantile.
T_TABLE = {1: 12.706, 2: 4.303, 4: 2.776, 9: 2.262}


@pytest.mark.parametrize("freedom", T_TABLE)
def test_the_half_width_is_that_of_the_table(freedom):
    values = np.random.default_rng(freedom).normal(3, 2, freedom + 1)
    found = summary(values)
    deviation = np.sqrt(((values - values.mean()) ** 2).sum() / freedom)
    assert found["n"] == freedom + 1 and found["mean"] == pytest.approx(values.mean())
    assert found["sd"] == pytest.approx(deviation)
    half = T_TABLE[freedom] * deviation / np.sqrt(freedom + 1)
    assert (found["low"], found["high"]) == pytest.approx((found["mean"] - half, found["mean"] + half), abs=2e-3)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    generator = np.random.default_rng(0)
    found = [summary(generator.normal(1.5, 1, 5)) for _ in range(2000)]
    covered = np.mean([entry["low"] <= 1.5 <= entry["high"] for entry in found])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_one_seed_has_a_mean_alone():
    assert summary([2.5]) == {"n": 1, "mean": 2.5, "sd": None, "low": None, "high": None}
