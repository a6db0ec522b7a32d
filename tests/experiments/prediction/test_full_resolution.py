"""Predictions at full resolution: against interpolation in NumPy, interrupted, and of another folder's frames."""

import shutil

import numpy as np
import pytest
from PIL import Image

from experiments.nets.segmenter import Segmentation
from experiments.prediction.cityscapes_files import frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, full_size_labels, write_predictions
from experiments.scoring.result_rows import CNN, FULL_SIZE_ROWS, JOINT, ROWS, enlarged_by_labels, interpolated
from python_layers.augmentation import scaled_pair
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


INTERPOLATED = interpolated(CNN)


def predict(build, rows=(enlarged_by_labels(CNN), enlarged_by_labels(JOINT), INTERPOLATED), split="val",
            image_scale=1):
    sizes = frames_of_lmdb(build.folder, split, frame_sizes(build.root, split))
    return write_predictions(build.folder, split, rows, sizes, build.metadata, image_scale), sizes


@pytest.mark.parametrize("size", [(24, 40), (23, 39), (12, 20)])
def test_rows_that_agree_at_the_nets_resolution_agree_at_the_full_one(size):
    prob = np.random.default_rng(0).dirichlet(np.full(5, 0.3), (12, 20)).transpose(2, 0, 1).astype(np.float32)
    labels = prob.argmax(axis=0).astype(np.int32)
    enlarged = [full_size_labels(Segmentation(prob, labels), enlarged_by_labels(row), *size) for row in ROWS]
    assert {row.crf for row in ROWS} == {False, True} and enlarged[0].shape == size
    for other in enlarged[1:]:
        np.testing.assert_array_equal(other, enlarged[0])
    factor = size[0] // 12
    if size == (12 * factor, 20 * factor):
        np.testing.assert_array_equal(enlarged[0], labels.repeat(factor, 0).repeat(factor, 1))
    by_probabilities = full_size_labels(Segmentation(prob, labels), INTERPOLATED, *size)
    assert (by_probabilities != enlarged[0]).any() == (size != (12, 20))


def test_all_rows_are_enlarged_in_both_ways():
    assert FULL_SIZE_ROWS[:len(ROWS)] == tuple(enlarged_by_labels(row) for row in ROWS)
    assert len({row.enlarged_by for row in FULL_SIZE_ROWS[:len(ROWS)]}) == 1
    assert [row.row for row in FULL_SIZE_ROWS[len(ROWS):]] == list(ROWS)
    assert {(row.row.crf, row.enlarged_by) for row in FULL_SIZE_ROWS[len(ROWS):]} == {
        (False, "interpolated probabilities"), (True, "interpolated costs")}


def test_labels_are_the_nearest_and_probabilities_are_interpolated(cityscapes_build):
    folders, sizes = predict(cityscapes_build)
    assert sizes == {frame_name("val", number): SIZE[::-1] for number in range(3)}
    for frame, image in cityscapes_build.images("val").items():
        cnn, joint, smooth = (np.asarray(Image.open(folders[key] / prediction_name(frame)))
                              for key in ("cnn", "joint", "cnn-interpolated"))
        prob = cityscapes_build.probabilities("stage3", image)
        planes = np.stack([doubled(plane) for plane in prob])
        ordered = np.sort(planes, axis=0)
        clear = ordered[-1] - ordered[-2] > 1e-4
        assert clear.mean() > 0.9
        np.testing.assert_array_equal(smooth[clear], np.array(LABEL_IDS)[planes.argmax(axis=0)][clear])
        ordered = np.sort(prob, axis=0)
        clear = (ordered[-1] - ordered[-2] > 1e-4).repeat(2, 0).repeat(2, 1)
        nearest = np.array(LABEL_IDS)[prob.argmax(axis=0)].repeat(2, 0).repeat(2, 1)
        np.testing.assert_array_equal(cnn[clear], nearest[clear])
        crf = cityscapes_build.crf_label_ids("stage4", image)
        np.testing.assert_array_equal(joint, crf.repeat(2, 0).repeat(2, 1))


def test_labels_of_smaller_images_are_enlarged_to_the_frame(cityscapes_build):
    folders, _ = predict(cityscapes_build, image_scale=0.5)
    for frame, image in cityscapes_build.images("val").items():
        smaller, _ = scaled_pair(image, image[:, :, 0], 0.5)
        joint = np.asarray(Image.open(folders["joint"] / prediction_name(frame)))
        crf = cityscapes_build.crf_label_ids("stage4", smaller)
        # In the middle of its 4 x 4 pixels a label is the largest of the interpolated ones.
        for row, column in ((1, 1), (1, 2), (2, 1), (2, 2)):
            np.testing.assert_array_equal(joint[row::4, column::4], crf)


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


def test_another_crf_gives_new_predictions_and_so_does_another_way_to_enlarge_them(cityscapes_build):
    folder = predict(cityscapes_build)[0]["joint"]
    path, kept = folder / prediction_name(frame_name("val", 0)), folder / "kept"
    net = cityscapes_build.folder / "nets" / "stage4" / "deploy.prototxt"
    for change in (lambda: net.write_text(net.read_text() + "# another CRF\n"),
                   lambda: folder.with_name("joint.made-from").write_text("what an older version wrote")):
        kept.touch()
        change()
        predict(cityscapes_build)
        assert path.exists() and not kept.exists()


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
