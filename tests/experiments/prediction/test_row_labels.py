"""Labels of rows: those of the whole net, each row's own settings, and files that know what they come from."""

import caffe
import numpy as np
import pytest

import theano_crf
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from experiments.nets.segmenter import Segmenter
from experiments.prediction.evaluation import counts_by_image
from experiments.prediction.row_labels import (label_rows, read_counts, row_crf, row_labellers, row_mark,
                                               write_row_net)
from experiments.scoring.metrics import confusion_matrix
from experiments.scoring.result_rows import find_rows
from experiments.settings.config import load_config
from prototxt.learnt import LEARNT_LAYERS
from prototxt.unary import cooled


@pytest.fixture
def labelled(tiny_build):
    rows = find_rows(["cnn", "cnn+crf", "cnn-t5", "joint", "joint-icm"])
    config = load_config(tiny_build.config)
    return config, tiny_build.folder, rows


def test_cooled_rows_label_by_a_cooled_softmax(labelled):
    config, build, rows = labelled
    label_rows(config, build, [row for row in rows if row.stage == "stage3"], "val")
    records = open_records(str(build / "lmdb" / "val"))
    metadata = read_metadata(str(build / "lmdb"))
    segmenter = Segmenter(build / "nets" / "stage3" / "deploy.prototxt", build / "stage3" / "final.caffemodel",
                          metadata.mean_bgr)
    stored = {key: np.load(build / "rows" / "val" / f"{key}.npz")["confusion"] for key in ("cnn", "cnn+crf", "cnn-t5")}
    for index in range(len(records)):
        image, truth = records[index]
        prob = segmenter(image).prob
        weights = theano_crf.contrast_weights(image.transpose(2, 0, 1)[np.newaxis] / np.float32(255))
        for key, temperature in (("cnn+crf", 1), ("cnn-t5", 5)):
            labels = theano_crf.dual_mm(-cooled(prob, temperature)[np.newaxis], weights).labels[0]
            agree = np.abs(confusion_matrix(truth, labels, 3) - stored[key][index]).sum()
            assert agree <= 2  # the net's cooled softmax and the powers of probabilities round differently
        assert (stored["cnn"][index] == confusion_matrix(truth, prob.argmax(axis=0), 3)).all()


def test_rows_of_smaller_images_are_scored_at_the_datasets_size(tiny_build):
    config, build = load_config(tiny_build.config).copy(update={"image_scale": 0.5}), tiny_build.folder
    rows = {row.key: row for row in find_rows(["cnn", "cnn+crf"])}
    labelled = label_rows(config, build, tuple(rows.values()), "val")
    records, metadata = open_records(str(build / "lmdb" / "val")), read_metadata(str(build / "lmdb"))
    for index in range(4):  # the last one's size is odd
        image, truth = records[index]
        half = np.floor(image.reshape(12, 2, 16, 2, 3).mean(axis=(1, 3)) + 0.5).astype(np.uint8)
        labels = tiny_build.cnn_labels("stage3", half).repeat(2, axis=0).repeat(2, axis=1)
        expected = confusion_matrix(truth, labels, 3)
        assert np.abs(expected - labelled[rows["cnn"]].confusion[index]).sum() <= 16  # two pixels round differently
        assert expected.sum() == labelled[rows["cnn+crf"]].confusion[index].sum() == (truth != 255).sum()
    _, evaluated = counts_by_image(build, "val", metadata, 0.5)
    np.testing.assert_array_equal(evaluated["cnn"].confusion, labelled[rows["cnn"]].confusion)
    assert (label_rows(config.copy(update={"image_scale": 1}), build, [rows["cnn"]], "val")[rows["cnn"]].confusion
            != labelled[rows["cnn"]].confusion).any()


def test_a_rows_settings_are_its_own_above_the_configurations(labelled):
    config, _, rows = labelled
    by_key = {row.key: row_crf(config, row) for row in rows}
    assert by_key["joint"] == by_key["cnn+crf"] == config.crf
    assert by_key["cnn-t5"] == config.crf.copy(update={"temperature": 5})
    assert by_key["joint-icm"] == config.crf.copy(update={"decode": "icm"})


def test_a_file_belongs_to_weights_data_and_settings(labelled):
    config, build, rows = labelled
    row, = find_rows(["joint"])
    labeller = row_labellers(config, build, [row], "val")[row]
    label_rows(config, build, [row], "val")
    path, mark = build / "rows" / "val" / "joint.npz", row_mark(build, "val", labeller)
    names, counts = read_counts(path, mark)
    assert [len(names), *map(len, counts)] == [5] * 5
    other = config.copy(update={"crf": config.crf.copy(update={"lam": 1.0})})
    assert read_counts(path, row_mark(build, "val", row_labellers(other, build, [row], "val")[row])) is None
    (build / "stage4" / "final.caffemodel").write_bytes((build / "stage3" / "final.caffemodel").read_bytes())
    assert read_counts(path, row_mark(build, "val", labeller)) is None
    (build / "stage4" / "final.caffemodel").unlink()
    assert row_mark(build, "val", labeller) is None


def test_the_net_of_a_row_is_cnn_and_crf_with_its_settings(experiment):
    config, build = experiment
    texts = {row.key: write_row_net(config, build, row).read_text()
             for row in find_rows(["cnn", "cnn+crf", "cnn-t5", "joint-100"])}
    assert texts["cnn+crf"] == (build / "nets" / "stage4" / "deploy.prototxt").read_text()
    assert texts["cnn"] == (build / "nets" / "stage3" / "deploy.prototxt").read_text()
    assert "cooled_score" in texts["cnn-t5"] and "conv1_1" in texts["cnn-t5"]
    assert texts["joint-100"] == texts["cnn+crf"].replace('\\"iterations\\": 3', '\\"iterations\\": 100')


@pytest.mark.parametrize("key", ["joint-learnt-contrast", "joint-pairwise", "joint-compatibility-directed",
                                 "joint-class-bias"])
def test_rows_with_learnt_terms_label_with_those_of_their_weights(experiment, key):
    """By the whole net of the row, and by its CRF on the scores of the CNN."""
    config, build = experiment
    config = config.copy(update={"crf": config.crf.copy(update={"lam": 0.1})})
    row, = find_rows([key])
    path, weights = write_row_net(config, build, row), build / key / "final.caffemodel"
    net, generator = caffe.Net(str(path), caffe.TEST), np.random.default_rng(2)
    for name, blobs in net.params.items():
        if name.startswith("score") or name in LEARNT_LAYERS:
            for blob in blobs:
                blob.data[...] += generator.normal(0, 0.2, blob.data.shape)
    image, _ = open_records(str(build / "lmdb" / "val"))[0]
    net.blobs["data"].data[0] = image[:, :, ::-1].transpose(2, 0, 1) - 127.0
    net.forward()
    scores = net.blobs["score"].data.copy()
    for layer in ("score_fr", "score_pool4", "score_pool3"):  # no class shall be everywhere
        for blob in net.params[layer]:
            blob.data[...] /= scores.std()
    net.params["score_fr"][1].data[...] -= scores.mean(axis=(0, 2, 3)) / scores.std()
    weights.parent.mkdir()
    net.save(str(weights))
    metadata = read_metadata(str(build / "lmdb"))
    whole = Segmenter(path, weights, metadata.mean_bgr)(image)
    cnn = Segmenter(build / "nets" / "stage3" / "deploy.prototxt", weights, metadata.mean_bgr)
    labeller = row_labellers(config, build, [row], "val")[row]
    np.testing.assert_array_equal(labeller(image, cnn.scored(image)), whole.labels)
    paper, = find_rows(["joint"])
    untrained = Segmenter(path, weights_without_learnt_terms(build, weights), metadata.mean_bgr)(image)
    own = Segmenter(write_row_net(config, build, paper), build / "plain.caffemodel", metadata.mean_bgr)(image)
    np.testing.assert_array_equal(untrained.labels, own.labels)
    assert whole.energy != own.energy and len(np.unique(whole.labels)) > 1
    with pytest.raises(ValueError, match="belongs to another net: its layer"):
        Segmenter(write_row_net(config, build, paper), weights, metadata.mean_bgr)


def weights_without_learnt_terms(build, weights):
    """Write the CNN's weights of a caffemodel alone."""
    net = caffe.Net(str(build / "nets" / "stage3" / "deploy.prototxt"), str(weights), caffe.TEST)
    net.save(str(build / "plain.caffemodel"))
    return build / "plain.caffemodel"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut short"])
def test_a_damaged_file_counts_as_none(tmp_path, content):
    path = tmp_path / "joint.npz"
    assert read_counts(path, "mark") is None
    path.write_bytes(content)
    assert read_counts(path, "mark") is None


def test_a_file_of_an_older_version_counts_as_none(tmp_path):
    np.savez(tmp_path / "joint.npz", mark="mark", names=["a"], confusions=np.ones((1, 3, 3), int))
    assert read_counts(tmp_path / "joint.npz", "mark") is None
