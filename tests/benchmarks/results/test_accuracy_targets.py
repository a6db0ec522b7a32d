"""Targets of accuracy, of rows whose figures can be computed by hand."""

import math

import pytest

from benchmarks.results.accuracy import Accuracy
from benchmarks.results.accuracy_targets import accuracy_targets


def values(raw_accuracy, problem, **changes):
    return [target.value for target in accuracy_targets([Accuracy(dict(raw_accuracy, problem=problem, **changes))])]


def test_a_photographs_times_are_quotients_of_the_best_with_the_best(raw_accuracy):
    # DualMM: 2 s to 1 % and to 0.1 %, 4 s to 0.01 %; alpha expansion 1.5 s to 1 %, TRW-S 6 s to 0.1 %, none 0.01 %
    assert values(raw_accuracy, "coffee, 6 x 4") == pytest.approx([2 / 1.5, 2 / 6, 0])


def test_what_the_solver_does_not_reach_takes_for_ever_and_what_nobody_reaches_is_no_target(raw_accuracy):
    rows = [row for row in raw_accuracy["rows"] if row["name"] != "dual_mm icm" or row["effort"] == 1]
    assert values(raw_accuracy, "rocket, 6 x 4", rows=rows) == [math.inf, math.inf]


def test_tsukuba_is_proven_against_peers_at_a_thousandth(raw_accuracy):
    assert values(raw_accuracy, "tsukuba, 6 x 4") == pytest.approx([4 / 6])


def test_the_frames_way_begins_at_the_labels_of_least_cost(raw_accuracy):
    # The way is 5100: 0.01 % of it is 0.51.
    assert values(raw_accuracy, "half.npz, 6 x 4", argmin_energy=5210) == [2, 4]
    assert values(raw_accuracy, "half.npz, 6 x 4", argmin_energy=5210, processor_time=True) == []


def test_other_problems_have_none(raw_accuracy):
    assert values(raw_accuracy, "triplepoint, 6 x 4") == []
