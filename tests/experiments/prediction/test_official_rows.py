"""All rows scored officially: against confusion matrices of the PNG files that were scored."""

import sys

import numpy as np
import pytest
from PIL import Image

from data_prep import cityscapes
from experiments.prediction.cityscapes_files import prediction_name
from experiments.prediction.official_rows import evaluate_officially
from experiments.scoring.metrics import confusion_matrix, scores
from experiments.scoring.result_rows import FULL_SIZE_ROWS
from experiments.settings.config import load_config
from tests.experiments.cityscapes_build import LABEL_IDS


def evaluate(build, split="val"):
    return evaluate_officially(load_config(build.config), build.folder, split, build.root)


def test_each_row_has_the_scores_of_its_own_files(cityscapes_build):
    pytest.importorskip("cityscapesscripts", reason="cityscapesscripts is not installed")
    result = evaluate(cityscapes_build)
    to_class = np.full(34, 255)
    to_class[LABEL_IDS] = np.arange(19)
    table = cityscapes.CLASSES.values()
    for row in FULL_SIZE_ROWS:
        folder = cityscapes_build.folder / "official" / "val" / row.key
        confusion = sum(confusion_matrix(to_class[np.asarray(Image.open(path))],
                                         to_class[np.asarray(Image.open(folder / prediction_name(frame)))], 19)
                        for frame, path in cityscapes.frame_labels(str(cityscapes_build.root), "val").items())
        ours = scores(confusion, [entry.name for entry in table], [entry.category for entry in table])
        assert result[row.key]["classes"] == pytest.approx(ours.classes)
        assert result[row.key]["categories"] == pytest.approx(ours.categories)
        assert result[row.key]["instance_classes"] is not None
    assert len({result[row.key]["classes"] for row in FULL_SIZE_ROWS}) == len(FULL_SIZE_ROWS)
    assert {key: result[key]["enlarged_by"] for key in result if key != "details"} == {
        "cnn": "nearest labels", "cnn+crf": "nearest labels", "joint": "nearest labels", "control": "nearest labels",
        "cnn-interpolated": "interpolated probabilities", "cnn+crf-interpolated": "interpolated costs",
        "joint-interpolated": "interpolated costs", "control-interpolated": "interpolated costs"}
    details = result["details"]
    assert [details[key] for key in ("dataset", "split", "images", "frames_of_split", "resolution")] == [
        "cityscapes", "val", 3, 500, "full resolution (40 x 24)"]
    assert list((cityscapes_build.root / "gtFine").iterdir())
    assert not (cityscapes_build.root / "evaluationResults").exists()


def test_without_the_package_nothing_is_labelled(cityscapes_build, monkeypatch):
    monkeypatch.setitem(sys.modules, "cityscapesscripts.evaluation", None)
    with pytest.raises(ValueError, match="needs the package cityscapesscripts"):
        evaluate(cityscapes_build)
    assert not (cityscapes_build.folder / "official").exists()


def test_the_test_split_and_other_datasets_are_refused(cityscapes_build):
    with pytest.raises(ValueError, match="make submission"):
        evaluate(cityscapes_build, "test")
    cityscapes_build.call_it_camvid()
    with pytest.raises(ValueError, match="camvid has no official evaluation"):
        evaluate(cityscapes_build)
