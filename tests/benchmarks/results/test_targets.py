"""Targets met and missed."""

import pytest

from benchmarks.results.queries import Results
from benchmarks.results.targets import targets


def by_words(listed, *words):
    chosen = [target for target in listed if all(word in target.text for word in words)]
    assert len(chosen) == 1, [target.text for target in listed]
    return chosen[0]


def test_figures(results):
    listed = targets(results)
    values = {("memory floor",): 2.0, ("alpha expansion",): 20.0, ("icm takes",): 1.1, ("ssvm takes",): 1.1,
              ("2 threads are",): 1.6, ("icm, -p", "way"): 99.8, ("icm, -log p", "way"): 99.99,
              ("icm, -p", "above the bound"): 0.1, ("icm, -log p", "above the bound"): 0.0, ("differ",): 0,
              ("argmin", "volumes"): 2.0, ("icm", "volumes"): 4.0}
    assert len(listed) == len(values)
    for words, value in values.items():
        assert by_words(listed, *words).value == pytest.approx(value), words


def test_which_are_met(results):
    missed = [target.text for target in targets(results) if not target.met]
    assert len(missed) == 2
    assert by_words(targets(results), "2 threads are").text in missed
    assert by_words(targets(results), "icm", "volumes").text in missed


def test_one_labelling_that_differs_is_enough(raw):
    next(row for row in raw["comparison"]["rows"] if row["threads"] == 4)["labels"] = "b"
    target = by_words(targets(Results(raw)), "differ")
    assert target.value == 1 and not target.met


def test_the_known_optimum_is_that_of_the_real_frame(raw):
    raw["comparison"]["problem"] = "half.npz, 1024 x 512, 19 labels"
    listed = targets(Results(raw))
    assert by_words(listed, "argmin, -p: energy").value == -90 and not by_words(listed, "argmin, -p: energy").met
    assert by_words(listed, "argmin, -p: lower bound").met
    assert by_words(listed, "icm, -p", "bound is off").value == pytest.approx(470109.811 - 100)
