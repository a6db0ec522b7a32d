"""A round of validation against labels counted by hand."""

import caffe
import numpy as np
import pytest

from data_prep.store.records import open_records
from experiments.nets.definitions import validation_counts
from experiments.scoring.metrics import confusion_matrix, scores
from experiments.settings.build_paths import Build
from experiments.training.validation import validate
from tests.experiments.tiny_experiment import make_experiment


@pytest.fixture
def validated(tmp_path, make_dataset):
    """Return a validation net of two splits whose most probable class depends on the image, and its build folder."""
    config, build = make_experiment(tmp_path, make_dataset, validation={"splits": ["val", "train"], "images": 4})
    net = caffe.Net(str(Build(build).net("stage1", "val")), caffe.TEST)
    generator = np.random.RandomState(0)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = generator.randn(*blob.data.shape) / 10
    return net, config, Build(build)


def test_each_split_has_its_own_scores(validated):
    net, config, build = validated
    metadata = build.metadata()
    counts = validation_counts(config.validation, metadata)
    result = validate(net, metadata, counts)
    net.params[next(name for name in net.params if name.startswith("data"))][0].data[...] = 0
    table = [[entry.name for entry in metadata.classes], [entry.category for entry in metadata.classes]]
    for split, of_split in (("val", result), ("train", result["further"]["train"])):
        records, total, confidences = open_records(str(build.split(split))), 0, []
        for index in range(counts[split]):
            net.forward()
            prob = net.blobs["prob"].data[0]
            total = total + confusion_matrix(records[index][1], prob.argmax(axis=0), len(metadata.classes))
            confidences.append(prob.max(axis=0).mean())
        expected = scores(total, *table)
        assert of_split["classes"] == pytest.approx(expected.classes)
        assert of_split["categories"] == pytest.approx(expected.categories)
        assert of_split["confidence"] == pytest.approx(np.mean(confidences), abs=1e-4)
    assert list(result["further"]) == ["train"]


def test_one_split_alone_has_nothing_further(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset)
    metadata = Build(build).metadata()
    net = caffe.Net(str(Build(build).net("stage1", "val")), caffe.TEST)
    assert "further" not in validate(net, metadata, validation_counts(config.validation, metadata))
