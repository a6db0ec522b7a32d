"""The summary of a grid search: made-up confusion matrices, scored by hand."""

import numpy as np
import pytest
import yaml

from data_prep.store.metadata import LabelClass, Metadata
from experiments.search.parameter_sets import ParameterSet, paper_set, parameter_sets
from experiments.search.results import SearchResults, SetResult
from experiments.search.summary import format_search, summarise
from experiments.settings.config import load_config

STAGE = dict(base_lr=1e-3, iterations=4, validate_every=2)
METADATA = Metadata("tiny", [LabelClass(name, name, (0, 0, 0)) for name in ("road", "car")], [0, 1], (0, 0, 0),
                    {"val": 4}, {"val": [(5, 4)]}, 0, 1)
NAMES = ["d", "a", "c", "b"]  # a and b are the first half, c and d the second


def wrong(count):
    """10 pixels of either class, of which `count` each are taken for the other: IoU (10 - count) / (10 + count)."""
    return np.array([[10 - count, count], [count, 10 - count]])


def iou(*counts):
    return 100 * (10 * len(counts) - sum(counts)) / (10 * len(counts) + sum(counts))


@pytest.fixture
def config(tmp_path):
    def make(**grid):
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({"dataset": "tiny", "grid": grid, **{f"stage{n}": STAGE for n in (1, 2, 3, 4)}}))
        return load_config(path)
    return make


def summary(tmp_path, config, table, bounds=None):
    """Summarise {set or None: wrong pixels of the images a, b, c, d}."""
    results = SearchResults(tmp_path / "results.sqlite", "a mark")
    for place, name in enumerate("abcd"):
        results.add(name, list(table), [SetResult(wrong(counts[place]), bounds and parameters and bounds[parameters])
                                        for parameters, counts in table.items()])
    return summarise(results, [parameters for parameters in table if parameters], NAMES, METADATA, "val", config)


def test_best_paper_and_cnn_side_by_side(tmp_path, config):
    config = config(alpha=[20, 35], lam=[2.5, 5])
    low, paper = ParameterSet(20, 0.9, 2.5, 15), ParameterSet(35, 0.9, 2.5, 15)
    high, strong = ParameterSet(20, 0.9, 5, 15), ParameterSet(35, 0.9, 5, 15)
    assert parameter_sets(config.grid, config.crf) == [low, high, paper, strong] and paper_set(config.grid) == paper
    result = summary(tmp_path, config, {None: (4, 4, 4, 4), paper: (3, 3, 3, 3), low: (1, 1, 4, 4),
                                        strong: (5, 5, 1, 1), high: (2, 1, 2, 2)})
    assert result["cnn"]["classes"] == pytest.approx(iou(4))
    assert result["paper"]["classes"] == pytest.approx(iou(3)) and result["paper"]["parameters"]["alpha"] == 35
    assert result["best"]["classes"] == pytest.approx(iou(2, 1, 2, 2))
    assert result["best"]["parameters"] == {"alpha": 20, "beta": 0.9, "lam": 5, "iterations": 15, "temperature": 1}
    assert [entry["parameters"]["lam"] for entry in result["sets"]] == [5, 2.5, 2.5, 5]
    gains = {(entry["first"], entry["second"]): entry["classes"] for entry in result["differences"]}
    assert gains == pytest.approx({("paper", "cnn"): iou(3) - iou(4), ("best", "cnn"): iou(2, 1, 2, 2) - iou(4),
                                   ("best", "paper"): iou(2, 1, 2, 2) - iou(3)})
    assert result["details"]["edges"] == ["alpha", "lam"]
    # On a and b `low` is best, which then scores 4, 4 on c and d; there `strong` is best, which scores 5, 5 on a and b.
    assert [(entry["second"], entry["classes"]) for entry in result["held_out"]] == [
        ("cnn", pytest.approx(iou(5, 5, 4, 4) - iou(4))), ("paper", pytest.approx(iou(5, 5, 4, 4) - iou(3)))]
    text = format_search(result)
    assert f"{iou(2, 1, 2, 2):.2f}" in text and "The best lam is at the edge of the grid" in text


def test_of_equal_scores_the_lower_bound_on_wrong_pixels_is_best(tmp_path, config):
    config = config(gamma=[0.1, 0.2, 0.4])
    sets = parameter_sets(config.grid, config.crf)
    assert [parameters.gamma for parameters in sets] == [0.1, 0.2, 0.4]
    result = summary(tmp_path, config, {None: (4, 4, 4, 4), **{parameters: (3, 3, 3, 3) for parameters in sets}},
                     dict(zip(sets, (9.0, 7.0, 8.0))))
    assert [(entry["parameters"]["gamma"], entry["bound"]) for entry in result["sets"]] == [
        (0.2, 35), (0.4, 40), (0.1, 45)]  # of 20 pixels an image
    assert result["best"]["parameters"]["gamma"] == 0.2


def test_images_without_any_label_have_no_score(tmp_path, config):
    results = SearchResults(tmp_path / "results.sqlite", "a mark")
    config = config()
    paper = paper_set(config.grid)
    results.add("a", [None, paper], 2 * [SetResult(np.zeros((2, 2), int))])
    result = summarise(results, [paper], ["a"], METADATA, "val", config)
    assert result["best"]["classes"] is None and result["held_out"] == []
    assert "-" in format_search(result)
