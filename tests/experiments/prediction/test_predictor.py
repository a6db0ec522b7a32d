"""Photographs segmented with a tiny net whose labels are computed in NumPy, and the pictures of them."""

import numpy as np
import pytest
from PIL import Image

from data_prep.store.metadata import read_metadata
from experiments.nets.segmenter import Segmenter
from experiments.prediction.predictor import Predictor, output_names

SIZE = 24, 32  # of the training images


@pytest.fixture
def photograph(tmp_path):
    blocks = np.random.RandomState(0).randint(0, 256, (4, 4, 3), np.uint8)
    path = tmp_path / "street.png"
    Image.fromarray(blocks).resize(SIZE[::-1], Image.NEAREST).save(path)
    return path


def predictor(build, output, net="stage4", scale=None):
    segmenter = Segmenter(build.folder / "nets" / net / "deploy.prototxt", build.folder / "stage4" / "final.caffemodel",
                          build.mean)
    return Predictor(segmenter, read_metadata(str(build.folder / "lmdb")), output, scale)


@pytest.mark.parametrize("net, labels_of", [("stage4", "crf_labels"), ("stage3", "cnn_labels")])
def test_labels_are_the_crfs_where_the_net_has_one(tiny_build, tmp_path, photograph, net, labels_of):
    image = np.asarray(Image.open(photograph))
    labels, description = predictor(tiny_build, tmp_path, net).labels(image)
    np.testing.assert_array_equal(labels, getattr(tiny_build, labels_of)("stage4", image))
    assert description.startswith("net at 32 x 24") and ("energy" in description) == (net == "stage4")


def test_labels_have_the_photographs_size_whatever_the_scale(tiny_build, tmp_path, photograph):
    image = np.asarray(Image.open(photograph))
    labels, description = predictor(tiny_build, tmp_path, scale=0.5).labels(image)
    assert labels.shape == SIZE and description.startswith("net at 16 x 12")


def test_a_file_becomes_pictures_and_a_line_with_each_class_and_its_share(tiny_build, tmp_path, photograph):
    line, error = predictor(tiny_build, tmp_path / "pictures").attempt((photograph, "a name"))
    labels = tiny_build.crf_labels("stage4", np.asarray(Image.open(photograph)))
    stored = Image.open(tmp_path / "pictures" / "a name-labels.png")
    np.testing.assert_array_equal(np.asarray(stored), labels)
    assert Image.open(tmp_path / "pictures" / "a name-overlay.png").size == SIZE[::-1]
    shares = {name: 100 * np.mean(labels == label) for label, name in enumerate(("road", "car", "bus"))}
    expected = [f"{name} {share:.1f} %" for name, share in sorted(shares.items(), key=lambda item: -item[1]) if share]
    assert error is None and line.startswith(f"{photograph}: 32 x 24, ") and line.endswith(", ".join(expected))


def test_what_is_no_photograph_is_a_sentence(tiny_build, tmp_path):
    line, error = predictor(tiny_build, tmp_path / "pictures").attempt((tmp_path / "none.png", "none"))
    assert line is None and "none.png" in error and not (tmp_path / "pictures").exists()


def test_photographs_of_one_name_do_not_overwrite_each_other():
    assert output_names(["a/x.png", "b/x.jpg", "x-2.png", "y.png"]) == ["x", "x-2", "x-2-2", "y"]
