"""Small frames in Cityscapes' layout, and a build folder with a tiny net of 19 classes for them."""

import caffe
import numpy as np
import yaml

from data_prep import cityscapes
from data_prep.__main__ import main as data_prep
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from tests.cityscapes_tree import make_tree
from tests.experiments.tiny_experiment import STAGE
from tests.experiments.tiny_nets import CNN, CRF

LABEL_IDS = list(cityscapes.CLASSES)
SIZE = 24, 40  # of a frame; its record has half of it
STAGES = "stage3", "stage4", "control"
WEIGHTS = dict(zip(STAGES, np.random.default_rng(5).normal(0, 0.05, (3, 19, 3))))


class CityscapesBuild:
    """Cityscapes' folder, a configuration and a build folder with nets and weights of all stages, below `folder`."""

    def __init__(self, folder):
        self.root = make_tree(folder / "cityscapes", {"train": 2, "val": 3, "test": 2}, SIZE)
        self.folder, self.config = folder / "build", folder / "tiny.yaml"
        assert data_prep(["--dataset", "cityscapes", "--root", str(self.root), "--output", str(self.folder / "lmdb"),
                          "--jobs", "1", "--count", "train=2", "val=3", "test=2"]) == 0
        self.metadata = read_metadata(str(self.folder / "lmdb"))
        for stage, definition in (("stage3", CNN), ("stage4", CNN + CRF)):
            path = self.folder / "nets" / stage / "deploy.prototxt"
            path.parent.mkdir(parents=True)
            path.write_text(definition.replace("num_output: 3", "num_output: 19"))
        for stage in STAGES:
            net = caffe.Net(str(self.folder / "nets" / "stage3" / "deploy.prototxt"), caffe.TEST)
            net.params["score"][0].data[...] = WEIGHTS[stage][:, :, np.newaxis, np.newaxis]
            (self.folder / stage).mkdir()
            net.save(str(self.folder / stage / "final.caffemodel"))
        self.config.write_text(yaml.safe_dump({"dataset": "cityscapes", **{f"stage{n}": STAGE for n in (1, 2, 3, 4)}}))

    def arguments(self, *more):
        """Words of a command that takes the experiment and Cityscapes' folder."""
        return ["--config", self.config, "--build", self.folder, "--root", self.root, *more]

    def images(self, split):
        """Return {frame: its image in the LMDB}."""
        records = open_records(str(self.folder / "lmdb" / split))
        return {records.name(index): records[index][0] for index in range(len(records))}

    def probabilities(self, stage, image):
        """The CNN's softmax for an (H, W, 3) RGB image, computed in NumPy."""
        data = image[:, :, ::-1].astype(np.float32) - np.float32(self.metadata.mean_bgr)
        score = np.einsum("kc,yxc->kyx", WEIGHTS[stage], data)
        exponential = np.exp(score - score.max(axis=0))
        return exponential / exponential.sum(axis=0)

    def crf_label_ids(self, stage, image):
        """The label ids that the net's stand-in for a CRF gives: of the least probable class."""
        return np.array(LABEL_IDS)[self.probabilities(stage, image).argmin(axis=0)]

    def call_it_camvid(self):
        """Give the LMDB another dataset's name."""
        path = self.folder / "lmdb" / "dataset.json"
        path.write_text(path.read_text().replace('"cityscapes"', '"camvid"'))
