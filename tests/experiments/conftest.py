"""Build folders with tiny nets, and the labels that they must give."""

from pathlib import Path

import caffe
import numpy as np
import pytest
import yaml

from data_prep.store.metadata import read_metadata
from tests.experiments.cityscapes_build import CityscapesBuild
from tests.experiments.tiny_experiment import make_experiment
from tests.experiments.tiny_nets import CNN, CRF

STAGE = dict(base_lr=1e-3, iterations=4, validate_every=2)
# Scores of the three classes a unit of brightness, and at the mean. Their images' colours rise with the class.
SLOPES = {"stage3": (-0.02, 0.0, 0.02), "stage4": (-0.02, 0.001, 0.02), "control": (0.02, 0.0, -0.02)}
AT_MEAN = {"stage3": (0.0, 1.0, 0.0), "stage4": (0.0, 0.5, 0.0), "control": (0.0, 0.5, 0.3)}


class TinyBuild:
    """A build folder, its configuration file, and the labels its nets must give."""

    def __init__(self, folder, config):
        self.folder, self.config = folder, config
        self.mean = np.float32(read_metadata(str(folder / "lmdb")).mean_bgr)

    def cnn_labels(self, stage, image):
        """Labels of the CNN for an (H, W, 3) RGB image, computed in NumPy."""
        return self._scores(stage, image).argmax(axis=0)

    def crf_labels(self, stage, image):
        return self._scores(stage, image).argmin(axis=0)

    def _scores(self, stage, image):
        brightness = (image[:, :, ::-1].astype(np.float32) - self.mean).mean(axis=2)
        return np.stack([slope * brightness + offset for slope, offset in zip(SLOPES[stage], AT_MEAN[stage])])

    def write_weights(self, stage):
        net = caffe.Net(str(self.folder / "nets" / "stage3" / "deploy.prototxt"), caffe.TEST)
        net.params["score"][0].data[...] = np.reshape(SLOPES[stage], (3, 1, 1, 1)) / 3
        net.params["score"][1].data[...] = AT_MEAN[stage]
        (self.folder / stage).mkdir(exist_ok=True)
        net.save(str(self.folder / stage / "final.caffemodel"))


@pytest.fixture
def tiny_build(tmp_path, make_dataset):
    folder = tmp_path / "build"
    make_dataset({"train": [(24, 32)] * 2, "val": [(24, 32)] * 4 + [(17, 9)]}, folder)
    for stage, definition in (("stage3", CNN), ("stage4", CNN + CRF)):
        path = folder / "nets" / stage / "deploy.prototxt"
        path.parent.mkdir(parents=True)
        path.write_text(definition)
    config = Path(tmp_path / "tiny.yaml")
    config.write_text(yaml.safe_dump({"dataset": "tiny", **{f"stage{n}": STAGE for n in (1, 2, 3, 4)}}))
    build = TinyBuild(folder, config)
    for stage in SLOPES:
        build.write_weights(stage)
    return build


@pytest.fixture
def experiment(tmp_path, make_dataset):
    """Return (configuration, build folder) of a tiny dataset with its nets."""
    return make_experiment(tmp_path, make_dataset)


@pytest.fixture
def cityscapes_build(tmp_path):
    return CityscapesBuild(tmp_path)
