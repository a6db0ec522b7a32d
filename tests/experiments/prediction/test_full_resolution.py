"""Predictions at full resolution: against interpolation in NumPy, interrupted, and of another folder's frames."""

import shutil

import numpy as np
import pytest
from PIL import Image

from experiments.prediction.cityscapes_files import frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.scoring.result_rows import CNN, JOINT
from tests.cityscapes_tree import frame_name, save
from tests.experiments.cityscapes_build import LABEL_IDS, SIZE


def doubled(plane):
    """Bilinear interpolation to twice the size: a pixel is 3/4 its own and 1/4 its neighbour's, along each axis."""
    for axis in (0, 1):
        padded = np.concatenate([plane.take([0], axis), plane, plane.take([-1], axis)], axis)
        count = plane.shape[axis]
        own, before, after = (padded.take(np.arange(count) + shift, axis) for shift in (1, 0, 2))
        plane = np.stack([0.75 * own + 0.25 * before, 0.75 * own + 0.25 * after], axis + 1).reshape(
            [length * (2 if number == axis else 1) for number, length in enumerate(plane.shape)])
    return plane


def predict(build, rows=(CNN, JOINT), split="val"):
    sizes = frames_of_lmdb(build.folder, split, frame_sizes(build.root, split))
    return write_predictions(build.folder, split, rows, sizes, build.metadata), sizes


def test_the_cnn_labels_interpolated_probabilities_and_the_crf_the_nearest_of_its_own(cityscapes_build):
    folders, sizes = predict(cityscapes_build)
    assert sizes == {frame_name("val", number): SIZE[::-1] for number in range(3)}
    for frame, image in cityscapes_build.images("val").items():
        cnn, joint = (np.asarray(Image.open(folders[key] / prediction_name(frame))) for key in ("cnn", "joint"))
        planes = np.stack([doubled(plane) for plane in cityscapes_build.probabilities("stage3", image)])
        ordered = np.sort(planes, axis=0)
        clear = ordered[-1] - ordered[-2] > 1e-4
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(cnn[clear], np.array(LABEL_IDS)[planes.argmax(axis=0)][clear])
        crf = cityscapes_build.crf_label_ids("stage4", image)
        np.testing.assert_array_equal(joint, crf.repeat(2, 0).repeat(2, 1))


def test_what_is_predicted_is_not_predicted_again(cityscapes_build, monkeypatch):
    folders, _ = predict(cityscapes_build)
    lost, kept = (folders["cnn"] / prediction_name(frame_name("val", number)) for number in (0, 1))
    content, kept_at = lost.read_bytes(), kept.stat().st_mtime_ns
    lost.unlink()
    (folders["cnn"] / ".half.123").touch()
    predict(cityscapes_build)
    assert lost.read_bytes() == content and kept.stat().st_mtime_ns == kept_at
    monkeypatch.setattr("experiments.prediction.full_resolution.Segmenter", None)
    predict(cityscapes_build)


def test_other_weights_give_other_predictions(cityscapes_build):
    folders, _ = predict(cityscapes_build)
    path = folders["cnn"] / prediction_name(frame_name("val", 0))
    before = path.read_bytes()
    folder = cityscapes_build.folder
    shutil.copy(folder / "control" / "final.caffemodel", folder / "stage3" / "final.caffemodel")
    predict(cityscapes_build)
    assert path.read_bytes() != before


def test_another_folder_than_that_of_the_lmdb_is_refused(cityscapes_build):
    for kind, ending in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        path = cityscapes_build.root / kind / "val" / "frankfurt" / f"{frame_name('val', 1)}_{ending}.png"
        path.rename(path.with_name(path.name.replace("000001", "000009")))
    with pytest.raises(ValueError, match="has the frame frankfurt_000001_000019, but the dataset's folder does not"):
        predict(cityscapes_build)
    small = np.zeros((8, 8, 3), np.uint8)
    save(cityscapes_build.root, "leftImg8bit", "val", frame_name("val", 1), "leftImg8bit", small)
    with pytest.raises(ValueError, match="has 8 x 8 pixels in the dataset's folder and 20 x 12 in the LMDB"):
        predict(cityscapes_build)
