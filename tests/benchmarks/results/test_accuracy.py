"""Times to an accuracy, of rows whose figures can be computed by hand."""

import pytest

from benchmarks.results.accuracy import Accuracy


def test_the_curves_are_shares_of_the_optimums_height(raw_accuracy):
    accuracy = Accuracy(raw_accuracy)
    assert (accuracy.problem, accuracy.optimum, accuracy.height) == ("made", 110, 100)
    assert accuracy.names == ["dual_mm icm", "TRW-S", "alpha expansion"]
    seconds, above, below = accuracy.curve("dual_mm icm")
    assert seconds == [1, 2, 4] and above == pytest.approx([0.02, 0.0005, 0]) and below == pytest.approx([0.1, 0.02, 0])
    assert accuracy.curve("alpha expansion")[2] == [None, None]


@pytest.mark.parametrize("name, share, seconds", [
    ("dual_mm icm", 0.01, 2), ("dual_mm icm", 0.0001, 4), ("TRW-S", 0.01, 6), ("TRW-S", 0.0001, None),
    ("alpha expansion", 0.01, 1.5)])
def test_time_to_an_energy_is_the_least_of_those_that_reach_it(raw_accuracy, name, share, seconds):
    assert Accuracy(raw_accuracy).time_to(name, share) == seconds


def test_time_to_bound_and_proof(raw_accuracy):
    accuracy = Accuracy(raw_accuracy)
    assert accuracy.time_to_bound("dual_mm icm", 0.02) == 2 and accuracy.time_to_bound("dual_mm icm", 0.01) == 4
    assert accuracy.time_to_bound("alpha expansion", 1) is None
    assert accuracy.time_to_proof("dual_mm icm") == 4
    assert accuracy.time_to_proof("TRW-S") is None and accuracy.time_to_proof("alpha expansion") is None


def test_an_energy_below_what_is_known_is_the_optimum(raw_accuracy):
    assert Accuracy(dict(raw_accuracy, optimum=111)).optimum == 110
    assert Accuracy(dict(raw_accuracy, optimum=None)).optimum == 110
    assert Accuracy(dict(raw_accuracy, optimum=109)).optimum == 109
