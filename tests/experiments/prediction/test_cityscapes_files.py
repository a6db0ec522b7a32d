"""Files of predictions for Cityscapes' benchmark, and what is refused."""

import numpy as np
import pytest
from PIL import Image

from data_prep import cityscapes
from experiments.prediction.cityscapes_files import check_predictions, frame_sizes, prediction_name
from tests.cityscapes_tree import frame_name, make_tree, save

LABEL_IDS = list(cityscapes.CLASSES)
GOOD = np.full((4, 6), 26, np.uint8)


def write_png(folder, frame, pixels):
    folder.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(folder / prediction_name(frame))


@pytest.mark.parametrize("damage, words", [
    (lambda folder: (folder / prediction_name("a_1_2")).unlink(), "a_1_2_pred_labelIds.png is missing"),
    (lambda folder: write_png(folder, "b_1_2", GOOD), "b_1_2_pred_labelIds.png is for no frame"),
    (lambda folder: write_png(folder, "a_1_2", GOOD[:2]), "has 6 x 2 pixels but its frame has 6 x 4"),
    (lambda folder: write_png(folder, "a_1_2", GOOD * (np.eye(4, 6) == 0)), "holds the value 0"),
    (lambda folder: write_png(folder, "a_1_2", np.full((4, 6), 14, np.uint8)), "value 14, .*allowed are 7, 8"),
    (lambda folder: write_png(folder, "a_1_2", np.zeros((4, 6, 3), np.uint8)), "has mode RGB"),
    (lambda folder: (folder / prediction_name("a_1_2")).write_bytes(b"no png"), "can't be read as an image"),
    (lambda folder: (folder / prediction_name("a_1_2")).write_bytes(
        (folder / prediction_name("a_1_2")).read_bytes()[:50]), "is damaged"),
])
def test_predictions_that_the_benchmark_would_refuse_are_named(tmp_path, damage, words):
    folder = tmp_path / "predictions"
    write_png(folder, "a_1_2", GOOD)
    check_predictions(folder, {"a_1_2": (6, 4)}, LABEL_IDS)
    damage(folder)
    with pytest.raises(ValueError, match=words):
        check_predictions(folder, {"a_1_2": (6, 4)}, LABEL_IDS)


def test_sizes_are_those_of_the_images(tmp_path):
    root = make_tree(tmp_path, {"val": 2}, (6, 8))
    save(root, "leftImg8bit", "val", frame_name("val", 1), "leftImg8bit", np.zeros((2, 10, 3), np.uint8))
    assert frame_sizes(root, "val") == {frame_name("val", 0): (8, 6), frame_name("val", 1): (10, 2)}


def test_the_name_is_one_that_the_official_tool_finds():
    import_path = "cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling"
    evaluation = pytest.importorskip(import_path, reason="cityscapesscripts is not installed")
    name = prediction_name("frankfurt_000000_000294")
    arguments = evaluation.CArgs()
    arguments.predictionPath, arguments.predictionWalk = "predictions", [("predictions", ["other.png", name])]
    truth = "gtFine/val/frankfurt/frankfurt_000000_000294_gtFine_labelIds.png"
    assert evaluation.getPrediction(arguments, truth) == f"predictions/{name}"
