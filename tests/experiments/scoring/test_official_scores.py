"""Cityscapes' official scores beside ours, which are computed by other code from the same PNG files."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from data_prep import cityscapes
from experiments.prediction.cityscapes_files import prediction_name
from experiments.scoring.metrics import confusion_matrix, scores
from experiments.scoring.official_scores import format_table, import_evaluation, score_officially
from experiments.scoring.result_rows import FULL_SIZE_ROWS
from experiments.settings.config import Config
from tests.cityscapes_tree import make_tree
from tests.experiments.tiny_experiment import CONFIG, STAGE

LABEL_IDS = list(cityscapes.CLASSES)


def written_guesses(folder, truths, ids, seed):
    """Write a prediction per truth, right at three pixels of five and else one of `ids`; return (paths, confusion)."""
    generator = np.random.default_rng(seed)
    to_class = np.full(34, 255)
    to_class[LABEL_IDS] = np.arange(19)
    confusion, paths = 0, []
    for frame, path in truths.items():
        truth = np.asarray(Image.open(path))
        guess = np.where(generator.random(truth.shape) < 0.6, truth, generator.choice(LABEL_IDS, truth.shape))
        guess = np.where(np.isin(guess, LABEL_IDS), guess, generator.choice(ids, truth.shape)).astype(np.uint8)
        paths.append(folder / prediction_name(frame))
        Image.fromarray(guess).save(paths[-1])
        confusion = confusion + confusion_matrix(to_class[truth], to_class[guess], 19)
    return paths, confusion


def approx(value):
    if isinstance(value, dict):
        return {key: approx(entry) for key, entry in value.items()}
    return None if value is None else pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("seed, ids", [(0, LABEL_IDS), (1, LABEL_IDS[:3] + [26, 27]), (2, [7])])
def test_our_scores_equal_the_official_ones(tmp_path, seed, ids):
    pytest.importorskip("cityscapesscripts", reason="cityscapesscripts is not installed")
    root = make_tree(tmp_path / "cityscapes", {"val": 4}, (20, 36), ids=[*ids, 0, 4, 10])
    truths = cityscapes.frame_labels(str(root), "val")
    predictions, confusion = written_guesses(tmp_path, truths, ids, seed)
    table = cityscapes.CLASSES.values()
    ours = scores(confusion, [entry.name for entry in table], [entry.category for entry in table])
    official = score_officially(predictions, list(truths.values()), tmp_path / "results.json", "score")
    assert {key: official[key] for key in ("classes", "categories", "per_class")} == approx(ours.to_json())
    assert official["per_category"] == approx({key: None if np.isnan(value) else value
                                               for key, value in ours.per_category.items()})
    assert json.loads((tmp_path / "results.json").read_text())["averageScoreClasses"] == pytest.approx(
        ours.classes / 100)


def test_there_are_instance_scores_where_all_instances_are_there(tmp_path):
    pytest.importorskip("cityscapesscripts", reason="cityscapesscripts is not installed")
    truths = cityscapes.frame_labels(str(make_tree(tmp_path / "cityscapes", {"val": 2}, (20, 36))), "val")
    predictions, _ = written_guesses(tmp_path, truths, LABEL_IDS, 0)
    paths = list(truths.values())
    assert score_officially(predictions, paths, tmp_path / "with.json", "score")["instance_classes"] > 0
    next(tmp_path.glob("cityscapes/gtFine/val/*/*instanceIds.png")).unlink()
    assert score_officially(predictions, paths, tmp_path / "without.json", "score")["instance_classes"] is None


def test_without_the_package_there_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "cityscapesscripts.evaluation", None)
    with pytest.raises(ValueError, match="needs the package cityscapesscripts"):
        import_evaluation()


def test_the_table_has_a_line_per_row():
    result = {row.key: {"enlarged_by": row.enlarged_by, "classes": 50 + number, "categories": 70.125,
                        "instance_classes": None, "instance_categories": 1 / 3}
              for number, row in enumerate(FULL_SIZE_ROWS)}
    configuration = json.loads(Config(**{**CONFIG, "stage3": dict(STAGE, patience=2)}).json())
    details = {"dataset": "cityscapes", "split": "val", "images": 3, "frames_of_split": 500, "resolution": "full",
               "configuration": configuration}
    title, blank, header, *lines, note = format_table({**result, "details": details}).splitlines()
    assert title.startswith("cityscapes, val: 3 of 500 frames at full, ") and blank == ""
    assert "on val has chosen the weights of stage3" in note
    assert header.split("  ")[-1] == "iIoU categories"
    assert [[" ".join(words) for words in (line.split()[:-4], *([word] for word in line.split()[-4:]))]
            for line in lines] == [
        [f"{row.row.title} {row.enlarged_by}", f"{50 + number}.00", "70.12", "-", "0.33"]
        for number, row in enumerate(FULL_SIZE_ROWS)]
    assert [line.split("  ")[0] for line in lines] == 2 * ["CNN only", "CNN + CRF", "CNN + CRF (joint)",
                                                           "Control + CRF"]
