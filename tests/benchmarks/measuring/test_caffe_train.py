"""Iterations of `caffe train`: with a narrow net, on images of the true size."""

import numpy as np
import pytest

from benchmarks.measuring.caffe_train import RandomPair, measure_stages, run_caffe
from experiments.nets.definitions import nominal_metadata
from experiments.settings.config import load_config


def test_a_narrow_net_is_measured(tmp_path):
    config = load_config("experiments/configs/cityscapes.yaml")
    narrow = config.copy(update={"net": config.net.copy(update={"width": 1 / 64})})
    (stage, seconds, of_processors, peak), = measure_stages(narrow, tmp_path, ["stage4"], 1)
    assert stage == "stage4" and seconds < 600 and of_processors < 600  # other programs' noise may exceed an iteration
    # one blob of scores, (19, 512, 1024) floats, at the least
    assert 4 * 19 * 512 * 1024 < peak < 4e9


def test_a_caffe_that_fails_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="none.prototxt failed with status"):
        run_caffe(tmp_path / "none.prototxt")


def test_only_a_dataset_of_known_sizes_is_measured():
    with pytest.raises(ValueError, match="camvid are known from its LMDB alone"):
        nominal_metadata("camvid")


def test_a_random_pair_has_its_size_and_labels_in_blocks():
    image, labels = RandomPair(3, (40, 70), 5)()
    assert image.shape == (40, 70, 3) and labels.shape == (40, 70) and image.dtype == labels.dtype == np.uint8
    assert 120 < image.mean() < 135 and labels.max() < 5
    assert all(len(np.unique(labels[y:y + 32, x:x + 32])) == 1 for y in (0, 32) for x in (0, 32, 64))
    assert not (RandomPair(4, (40, 70), 5)()[0] == image).all()
