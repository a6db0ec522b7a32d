"""The database of a grid search."""

import numpy as np
import pytest

from experiments.search.parameter_sets import ParameterSet
from experiments.search.results import SearchResults, SetResult

SETS = [None, ParameterSet(35, 0.9, 2.5, 15), ParameterSet(35, 0.9, 5, 15, 0.1)]


def results_of(seed):
    generator = np.random.default_rng(seed)
    return [SetResult(generator.integers(0, 99, (3, 3)), None if place < 2 else float(seed)) for place in range(3)]


@pytest.fixture
def path(tmp_path):
    with_two = SearchResults(tmp_path / "new" / "grid.sqlite", "mark")
    for seed in (1, 2):
        with_two.add(f"image{seed}", SETS, results_of(seed))
    with_two.close()
    return tmp_path / "new" / "grid.sqlite"


def test_results_come_back_in_the_order_that_is_asked_for(path):
    results = SearchResults(path, "mark")
    for place, parameters in enumerate(SETS):
        expected = [results_of(seed)[place].confusion for seed in (2, 1)]
        np.testing.assert_array_equal(results.confusions(parameters, ["image2", "image1"]), expected)
    assert results.bound(SETS[2], ["image1", "image2"]) == 3.0
    results.close()


def test_only_what_is_missing_is_asked_for(path):
    results = SearchResults(path, "mark")
    other = ParameterSet(10, 0.9, 5, 15)
    assert results.missing("image1", [*SETS, other]) == [other]
    assert results.missing("image1", [ParameterSet(35.0, 0.9, 2.5, 15)]) == []  # 35 is 35.0
    assert results.missing("image3", SETS) == SETS
    results.close()


def test_a_moved_database_keeps_its_results_and_those_of_another_mark_go(path):
    moved = path.rename(path.parent.parent / "moved.sqlite")
    results = SearchResults(moved, "mark")
    assert results.missing("image1", SETS) == []
    results.close()
    results = SearchResults(moved, "of other weights")
    assert results.missing("image1", SETS) == SETS
    results.close()


def test_results_of_another_mark_are_dropped(tmp_path):
    path = tmp_path / "results.sqlite"
    parameters, confusion = ParameterSet(1, 2, 3, 4), results_of(1)[0].confusion
    first = SearchResults(path, "one")
    assert first.missing("a", [None, parameters]) == [None, parameters]
    first.add("a", [parameters], [SetResult(confusion, 0.5)])
    first.close()
    again = SearchResults(path, "one")
    assert again.missing("a", [None, parameters]) == [None]
    np.testing.assert_array_equal(again.confusions(parameters, ["a"]), [confusion])
    assert again.bound(parameters, ["a"]) == 0.5
    again.close()
    assert SearchResults(path, "two").missing("a", [parameters]) == [parameters]
