"""The evaluation of a tiny net against labels and scores computed in NumPy."""

import json

import numpy as np
import pytest

from data_prep.store.records import open_records
from experiments import evaluate
from experiments.nets.segmenter import Segmenter
from experiments.prediction import evaluation
from experiments.scoring.edges import edge_band, edge_lengths
from experiments.scoring.image_counts import ImageCounts
from experiments.scoring.result_rows import FURTHER_ROWS, ROWS
from experiments.settings.config import load_config

CLASSES, CATEGORIES = ["road", "car", "bus"], [[0], [1, 2]]


def iou(truth, predicted, labels):
    """IoU in percent of a set of labels over flat arrays without void."""
    true, guessed = np.isin(truth, labels), np.isin(predicted, labels)
    return 100 * np.sum(true & guessed) / np.sum(true | guessed)


def expected_scores(build, stage, crf):
    truths, predictions = [], []
    records = open_records(str(build.folder / "lmdb" / "val"))
    for image, truth in (records[index] for index in range(len(records))):
        labels = (build.crf_labels if crf else build.cnn_labels)(stage, image)
        truths.append(truth[truth != 255])
        predictions.append(labels[truth != 255])
    truth, predicted = np.concatenate(truths), np.concatenate(predictions)
    per_class = {name: iou(truth, predicted, [label]) for label, name in enumerate(CLASSES)}
    return {"classes": np.mean(list(per_class.values())), "per_class": per_class,
            "categories": np.mean([iou(truth, predicted, labels) for labels in CATEGORIES])}


def run(build, command, *options):
    return command(evaluate.main, "--config", build.config, "--build", build.folder, *options)


def test_rows_have_the_scores_of_their_labels(tiny_build, command):
    status, output, _ = run(tiny_build, command)
    assert status == 0
    result = json.loads((tiny_build.folder / "evaluation-val.json").read_text())
    assert set(result) == {"cnn", "cnn+crf", "joint", "control", "details"}
    rows = {**{row.key: result[row.key] for row in ROWS}, **result["details"]["further_rows"]}
    for row in ROWS + FURTHER_ROWS:
        expected = expected_scores(tiny_build, row.stage, row.crf)
        assert set(rows[row.key]) == {"classes", "categories", "per_class"}
        assert rows[row.key]["classes"] == pytest.approx(expected["classes"])
        assert rows[row.key]["categories"] == pytest.approx(expected["categories"])
        assert rows[row.key]["per_class"] == pytest.approx(expected["per_class"])
        assert f"{expected['classes']:.2f}" in output
    assert result["cnn"]["classes"] > 90 > result["control"]["classes"]
    assert "full resolution (9 x 17, 32 x 24)" in output
    assert "63.8 / 81.5" in output


def test_details(tiny_build):
    result = evaluation.evaluate(load_config(tiny_build.config), tiny_build.folder, "val")["details"]
    assert (result["dataset"], result["split"], result["images"]) == ("tiny", "val", 5)
    assert set(result["per_image"]) == {f"val{index}" for index in range(5)}
    records = open_records(str(tiny_build.folder / "lmdb" / "val"))
    image, truth = records[0]
    right = np.mean(tiny_build.crf_labels("stage4", image)[truth != 255] == truth[truth != 255])
    assert result["per_image"][records.name(0)]["joint"] == pytest.approx(100 * right)
    gains = {(entry["first"], entry["second"]): entry for entry in result["differences"]}
    assert gains["joint", "cnn+crf"]["low"] <= gains["joint", "cnn+crf"]["classes"]


def test_edges_are_scored_beside(tiny_build):
    details = evaluation.evaluate(load_config(tiny_build.config), tiny_build.folder, "val")["details"]
    records = open_records(str(tiny_build.folder / "lmdb" / "val"))
    truths, predictions, lengths, true_lengths = [], [], np.zeros(2), np.zeros(2)
    for image, truth in (records[index] for index in range(len(records))):
        labels, band = tiny_build.crf_labels("stage4", image), edge_band(truth)
        truths.append(truth[band])
        predictions.append(labels[band])
        lengths += edge_lengths(labels, truth != 255)
        true_lengths += edge_lengths(truth, truth != 255)
    truth, predicted = np.concatenate(truths), np.concatenate(predictions)
    assert 0 < truth.size < sum(records[index][1].size for index in range(len(records)))
    assert details["edges"]["joint"] == pytest.approx({
        "band": np.mean([iou(truth, predicted, [label]) for label in range(3)]),
        "axis_aligned": 100 * lengths[0] / lengths[1], "axis_aligned_truth": 100 * true_lengths[0] / true_lengths[1]})
    assert set(details["edges"]) == {row.key for row in ROWS + FURTHER_ROWS}


class CountingSegmenter(Segmenter):
    """Counts its images, and is interrupted when it is asked for one after the `limit`th."""

    images, limit = 0, float("inf")

    def __call__(self, image):
        if CountingSegmenter.images == CountingSegmenter.limit:
            raise KeyboardInterrupt
        CountingSegmenter.images += 1
        return super().__call__(image)


def test_goes_on_where_it_was_interrupted(tiny_build, command, monkeypatch):
    whole = run(tiny_build, command)[1]
    (tiny_build.folder / "evaluation-val.json").unlink()
    monkeypatch.setattr(evaluation, "Segmenter", CountingSegmenter)
    monkeypatch.setattr(CountingSegmenter, "limit", 7)
    assert run(tiny_build, command)[0] == 130
    assert not (tiny_build.folder / "evaluation-val.json").exists()
    monkeypatch.setattr(CountingSegmenter, "limit", float("inf"))
    monkeypatch.setattr(CountingSegmenter, "images", 0)
    assert table(run(tiny_build, command)[1]) == table(whole)
    assert CountingSegmenter.images == 3 * 5 - 7
    assert not (tiny_build.folder / "evaluation-val.partial.npz").exists()


def test_goes_on_in_a_moved_build_folder(tiny_build, command, monkeypatch):
    whole = run(tiny_build, command)[1]
    monkeypatch.setattr(evaluation, "Segmenter", CountingSegmenter)
    monkeypatch.setattr(CountingSegmenter, "images", 0)
    monkeypatch.setattr(CountingSegmenter, "limit", 7)
    assert run(tiny_build, command)[0] == 130
    tiny_build.folder = tiny_build.folder.rename(tiny_build.folder.with_name("moved"))
    monkeypatch.setattr(CountingSegmenter, "limit", float("inf"))
    monkeypatch.setattr(CountingSegmenter, "images", 0)
    output = run(tiny_build, command)[1]
    assert table(output) == table(whole).replace("/build/", "/moved/")
    assert CountingSegmenter.images == 3 * 5 - 7


def test_does_not_go_on_with_other_weights(tiny_build, command, monkeypatch):
    store = evaluation.ConfusionStore(tiny_build.folder / "evaluation-val.partial.npz", "of something else")
    ones = ImageCounts(*(np.ones((2, *shape), int) for shape in ((3, 3), (3, 3), (2,), (2,))))
    store.append("stage3", ones)
    store.save()
    assert run(tiny_build, command)[0] == 0
    result = json.loads((tiny_build.folder / "evaluation-val.json").read_text())
    assert result["cnn"]["classes"] == pytest.approx(expected_scores(tiny_build, "stage3", False)["classes"])


def table(output):
    return output[output.index("tiny, val"):]


@pytest.mark.parametrize("stage", ["stage3", "stage4", "control"])
def test_missing_weights_name_the_target(tiny_build, command, stage):
    (tiny_build.folder / stage / "final.caffemodel").unlink()
    status, _, error = run(tiny_build, command)
    assert status == 1 and error.count("\n") == 1
    assert error.startswith("error: There is no ") and f"make train-{stage}" in error
    assert not (tiny_build.folder / "evaluation-val.json").exists()


def test_missing_net_lmdb_and_split_are_refused(tiny_build, command):
    status, _, error = run(tiny_build, command, "--split", "test")
    assert status == 1 and "no split test; its splits are train, val" in error
    (tiny_build.folder / "nets" / "stage4" / "deploy.prototxt").unlink()
    assert "make nets" in run(tiny_build, command)[2]
    (tiny_build.folder / "lmdb" / "dataset.json").unlink()
    assert "make lmdb" in run(tiny_build, command)[2]
