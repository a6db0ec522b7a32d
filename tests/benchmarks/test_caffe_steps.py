"""Measuring iterations: with a narrow net, on images of the true size."""

import pytest

from benchmarks.caffe_steps import measure, run_caffe
from experiments.nets.definitions import nominal_metadata
from experiments.settings.config import load_config


def test_a_narrow_net_is_measured(tmp_path):
    config = load_config("experiments/configs/cityscapes.yaml")
    narrow = config.copy(update={"net": config.net.copy(update={"width": 1 / 64})})
    (stage, seconds, of_processors, peak), = measure(narrow, tmp_path, ["stage4"], 1)
    assert stage == "stage4" and seconds < 600 and of_processors < 600  # other programs' noise may exceed an iteration
    # one blob of scores, (19, 512, 1024) floats, at the least
    assert 4 * 19 * 512 * 1024 < peak < 4e9


def test_a_caffe_that_fails_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="none.prototxt failed with status"):
        run_caffe(tmp_path / "none.prototxt")


def test_only_a_dataset_of_known_sizes_is_measured():
    with pytest.raises(ValueError, match="camvid are known from its LMDB alone"):
        nominal_metadata("camvid")
