"""The log of a stage."""

import json

import pytest

from experiments.training.log import TrainingLog, read_log


def test_a_log_cut_short_can_be_read(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({"kind": "train", "iteration": 1}) + '\n{"kind": "tr')
    assert [record["iteration"] for record in read_log(path)] == [1]


@pytest.mark.parametrize("images, kept", [
    ({"val": 4, "train": 2}, ["train", "validation", "validation"]), ({"train": 2, "val": 4}, ["train", "validation"]),
    ({"val": 3, "train": 2}, ["train", "validation"]), ({"val": 4}, ["train", "validation"])])
def test_validations_on_other_images_are_dropped(tmp_path, images, kept):
    log = TrainingLog(tmp_path / "log.jsonl", None)
    log.append("validation", 0, classes=9.0)  # of a version that did not name the images
    log.append("train", 1, loss=1.0)
    log.append("validation", 2, classes=8.0, images={"val": 4, "train": 2})
    assert log.drop_other_validations(images) == 3 - len(kept)
    assert log.records == read_log(log.path) and sorted(record["kind"] for record in log.records) == kept
