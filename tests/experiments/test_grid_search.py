"""The grid search on a tiny net: its scores against labels computed in NumPy, what is kept, and what it refuses."""

import itertools
import json
import re

import numpy as np
import pytest
import yaml

from data_prep.store.records import open_records
from experiments import grid_search
from experiments.prediction.dense_crf import mean_field
from experiments.scoring.metrics import confusion_matrix, scores
from experiments.settings.crf_config import DenseCRFConfig
from tests.conftest import CLASSES
from tests.experiments.searches import GRID, read, search, set_grid, words
from tests.theano_crf import twins

IMAGES = 5


@pytest.fixture
def build(tiny_build):
    set_grid(tiny_build, **GRID)
    return tiny_build


def pairs(build):
    records = open_records(str(build.folder / "lmdb" / "val"))
    return [records[index] for index in range(len(records))]


def probabilities(build, image):
    score = build._scores("stage3", image)
    exponential = np.exp(score - score.max(axis=0))
    return exponential / exponential.sum(axis=0)


def pairwise(image, alpha):
    return twins.contrast_weights(image.transpose(2, 0, 1) / 255, alpha, 0.9, 0.4)


def score_of(build, labels_of):
    confusion = sum(confusion_matrix(truth, labels_of(image), len(CLASSES)) for image, truth in pairs(build))
    return scores(confusion, [entry.name for entry in CLASSES], [entry.category for entry in CLASSES])


def by_parameters(result, *names):
    return {tuple(entry["parameters"][name] for name in names): entry for entry in result["sets"]}


def test_scores_are_those_of_labels_computed_in_numpy(build, command):
    by_set = by_parameters(search(build, command), "alpha", "beta", "lam", "iterations")
    assert set(by_set) == {*itertools.product((5, 35), (0.9,), (0, 0.4), (2,)), (35, 0.9, 2.5, 15)}  # and the paper's
    for alpha in (5, 35):
        expected = score_of(build, lambda image: twins.dual_mm(
            -probabilities(build, image), pairwise(image, alpha), 2)[0])
        entry = by_set[alpha, 0.9, 0.4, 2]
        assert entry["classes"] == pytest.approx(expected.classes, abs=0.05)
        assert entry["categories"] == pytest.approx(expected.categories, abs=0.05)
    assert len({round(entry["classes"], 3) for entry in by_set.values()}) >= 3  # the sets differ


def test_without_smoothness_the_labels_are_those_of_the_cnn(build, command):
    result = search(build, command)
    expected = score_of(build, lambda image: build.cnn_labels("stage3", image)).to_json()
    assert result["cnn"] == expected
    assert by_parameters(result, "alpha", "lam")[5, 0]["classes"] == expected["classes"]


def test_costs_may_be_logarithms(build, command):
    values = yaml.safe_load(build.config.read_text())
    build.config.write_text(yaml.safe_dump({**values, "crf": {"unary": "-log p"}}))
    entry = by_parameters(search(build, command), "alpha", "lam", "iterations")[35, 0.4, 2]
    expected = score_of(build, lambda image: twins.dual_mm(
        -np.log(probabilities(build, image) + 1e-6), pairwise(image, 35), 2)[0])
    assert entry["classes"] == pytest.approx(expected.classes, abs=0.05)


def test_gamma_ranks_sets_of_equal_labels_by_their_bound(build, command):
    set_grid(build, alpha=[35], lam=[0.4], gamma=[0.05, 0.5])
    by_set = by_parameters(search(build, command), "alpha", "lam", "gamma")
    for gamma in (0.05, 0.5):
        bound, labelled = 0, 0
        for image, truth in pairs(build):
            unary = -probabilities(build, image)
            weights = pairwise(image, 35)
            augmented = unary - gamma * (np.arange(3)[:, None, None] != truth) * (truth != 255)
            labels = twins.dual_mm(augmented, weights, 15)[0]
            completed = twins.complete(unary, weights, truth, labels, 15, 255)
            bound += twins.ssvm_loss(unary, weights, truth, completed, labels, gamma, 255) / gamma
            labelled += np.count_nonzero(truth != 255)
        assert by_set[35, 0.4, gamma]["bound"] == pytest.approx(100 * bound / labelled, rel=0.02)
    narrow, wide = by_set[35, 0.4, 0.05], by_set[35, 0.4, 0.5]
    assert narrow["classes"] == wide["classes"] and narrow["bound"] != wide["bound"]
    ranks = [entry["parameters"]["gamma"] for entry in read(build)["sets"] if entry["parameters"]["lam"] == 0.4]
    assert ranks == sorted((0.05, 0.5), key=lambda gamma: by_set[35, 0.4, gamma]["bound"])


class Handed:
    """Notes the work that is done: image to sets."""

    def __init__(self, monkeypatch):
        self.jobs, score = {}, grid_search._score

        def noted(probabilities, index, sets, *rest):
            self.jobs[index] = sets
            return score(probabilities, index, sets, *rest)
        monkeypatch.setattr(grid_search, "_score", noted)


def test_goes_on_where_it_was_interrupted(build, command, monkeypatch):
    whole = search(build, command)
    for path in build.folder.glob("grid-search-*"):
        path.unlink()
    add, calls = grid_search.SearchResults.add, []

    def interrupted(self, image, sets, results):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(image)
        add(self, image, sets, results)
    monkeypatch.setattr(grid_search.SearchResults, "add", interrupted)
    assert command(grid_search.main, *words(build))[0] == 130
    assert not (build.folder / "grid-search-val.json").exists()
    monkeypatch.setattr(grid_search.SearchResults, "add", add)
    handed = Handed(monkeypatch)
    assert search(build, command) == whole
    names = open_records(str(build.folder / "lmdb" / "val"))
    assert {names.name(index) for index in handed.jobs} == {names.name(index) for index in range(IMAGES)} - set(calls)


def test_only_further_values_are_tried_and_nothing_twice(build, command, monkeypatch):
    search(build, command)
    handed = Handed(monkeypatch)
    monkeypatch.setattr("experiments.search.cnn_probabilities.Segmenter", None)
    search(build, command)
    assert handed.jobs == {}
    set_grid(build, **{**GRID, "alpha": [5, 20, 35]})
    assert len(search(build, command)["sets"]) == 7
    assert [[tuple(parameters)[:4] for parameters in sets] for sets in handed.jobs.values()] == IMAGES * [
        [(20, 0.9, 0, 2), (20, 0.9, 0.4, 2)]]


def test_a_moved_build_folder_keeps_probabilities_and_results(build, command, monkeypatch):
    before = search(build, command)
    build.folder = build.folder.rename(build.folder.with_name("moved"))
    handed = Handed(monkeypatch)
    monkeypatch.setattr("experiments.search.cnn_probabilities.Segmenter", None)
    assert search(build, command) == before
    assert handed.jobs == {}


def test_other_weights_give_other_costs_and_results(build, command):
    before = search(build, command)
    (build.folder / "stage3" / "final.caffemodel").write_bytes(
        (build.folder / "control" / "final.caffemodel").read_bytes())
    after = search(build, command)
    expected = score_of(build, lambda image: build.cnn_labels("control", image)).to_json()
    assert after["cnn"] == expected != before["cnn"]
    assert by_parameters(after, "alpha", "lam")[5, 0]["classes"] == expected["classes"]


def test_the_best_set_is_written_into_the_configuration_on_request(build, command):
    build.config.write_text("# of a test\n" + build.config.read_text())
    before = build.config.read_text()
    best = search(build, command)["best"]["parameters"]
    assert build.config.read_text() == before
    search(build, command, "--write")
    assert build.config.read_text().startswith("# of a test\n")
    assert yaml.safe_load(build.config.read_text())["crf"] == best
    assert yaml.safe_load(build.config.read_text())["grid"] == GRID


def test_an_error_names_the_image_and_the_set(build, command, monkeypatch):
    dual_mm = grid_search.theano_crf.dual_mm

    def fail(unary, weights, iterations, decode, **options):
        if weights.max() > 1:
            raise MemoryError
        return dual_mm(unary, weights, iterations, decode, **options)
    monkeypatch.setattr("theano_crf.dual_mm", fail, raising=False)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and error.count("\n") == 1
    place = r"val\d, alpha 35, beta 0\.9, lam 2\.5, iterations 15, temperature 1"
    assert re.match(f"error: Memory ran out at {place}; take fewer", error)


DENSE_GRID = {"appearance": [2, 40], "appearance_colour": [13, 60], "iterations": [3]}


def dense_labels(build, image, **values):
    return mean_field(image, probabilities(build, image).astype(np.float32), DenseCRFConfig(**values))


def test_the_dense_crf_is_searched_in_the_same_way(build, command):
    set_grid(build, "dense_grid", **DENSE_GRID)
    result = search(build, command, "--method", "dense")
    by_set = by_parameters(result, "appearance", "appearance_colour", "iterations")
    assert set(by_set) == {*itertools.product((2, 40), (13, 60), (3,)), (10, 13, 10)}  # and the example's
    for (appearance, colour, iterations), entry in by_set.items():
        expected = score_of(build, lambda image: dense_labels(
            build, image, appearance=appearance, appearance_colour=colour, iterations=iterations))
        assert entry["classes"] == pytest.approx(expected.classes, abs=0.2)
    assert result["cnn"] == score_of(build, lambda image: build.cnn_labels("stage3", image)).to_json()
    best = result["best"]["parameters"]
    assert result["best"]["classes"] == max(entry["classes"] for entry in by_set.values())
    assert result["details"]["edges"] == [name for name in ("appearance", "appearance_colour")
                                          if best[name] in DENSE_GRID[name]]
    assert result["example"]["parameters"] == json.loads(DenseCRFConfig().json())
    assert (build.folder / "dense-grid-search-val.svg").exists()


def test_the_best_dense_set_is_written_and_the_crfs_search_stays(build, command):
    before = search(build, command)
    set_grid(build, "dense_grid", appearance=[2, 40])
    status, output, _ = command(grid_search.main, *words(build, "--method", "dense", "--write"))
    best = read(build, "dense-grid-search")["best"]["parameters"]
    assert status == 0 and yaml.safe_load(build.config.read_text())["dense_crf"] == best
    assert "The best set over pydensecrf's example: " in output and read(build) == before
    assert "crf" not in yaml.safe_load(build.config.read_text())


def test_a_wrong_dense_grid_is_refused(build, command):
    set_grid(build, "dense_grid", appearance_distance=[5, 0])
    status, _, error = command(grid_search.main, *words(build, "--method", "dense"))
    assert status == 1 and error.count("\n") == 1 and "'dense_grid.appearance_distance' is wrong" in error


@pytest.mark.parametrize("grid, words_of_error", [
    ({"alpah": [1]}, "the key 'grid.alpah' is wrong"), ({"beta": [0.9, 0]}, "greater than 0"),
    ({"gamma": [0]}, "greater than 0"), ({"iterations": [0]}, "greater than or equal to 1"),
    ({"lam": "2"}, "'grid.lam' is wrong")])
def test_a_wrong_grid_is_refused(build, command, grid, words_of_error):
    set_grid(build, **grid)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and error.count("\n") == 1 and words_of_error in error
    assert not (build.folder / "unaries").exists()


def test_missing_weights_are_named(build, command):
    (build.folder / "stage3" / "final.caffemodel").unlink()
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and "make train-stage3" in error and error.count("\n") == 1


def test_a_damaged_database_is_named(build, command):
    (build.folder / "grid-search-val.sqlite").write_text("no database\n" * 99)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and "is not readable as the results of a grid search" in error and error.count("\n") == 1
