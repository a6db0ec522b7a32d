"""Scores, resolutions and tables as text."""

from types import SimpleNamespace

import pytest

from experiments.scoring.text import aligned_table, difference, percent, resolution


def test_columns_are_aligned():
    assert aligned_table(("method", "ms"), [("a", "1"), ("longer name", "1000")]) == (
        "method         ms\n"
        "a               1\n"
        "longer name  1000")


@pytest.mark.parametrize("value, text", [(None, "-"), (0.0, "0.00"), (54.555, "54.55"), (100.0, "100.00")])
def test_a_score_has_two_decimals_or_is_a_dash(value, text):
    assert percent(value) == text


def test_a_difference_has_its_sign_and_interval():
    assert difference({"classes": 1.5, "low": -0.25, "high": 3.0}) == "+1.50 (-0.25 to +3.00)"


@pytest.mark.parametrize("subsampling, words", [(1, "full resolution"), (2, "half resolution"),
                                                (4, "1/4 of the resolution")])
def test_a_resolution_is_named_with_its_sizes(subsampling, words):
    metadata = SimpleNamespace(subsampling=subsampling, sizes={"val": [(3, 4), (5, 6)]})
    assert resolution(metadata, "val") == f"{words} (4 x 3, 6 x 5)"
