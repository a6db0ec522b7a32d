"""Whole nets: training and deployment agree, and the CRF's gradient reaches the first layer."""

import json

import caffe
import numpy as np
import pytest

from prototxt.fcn import Architecture
from prototxt.nets import deploy_net, train_net, validation_net
from prototxt.stages import STAGES
from tests.prototxt.test_fcn import CRF, layers, load_net

SMALL = dict(classes=3, width=1 / 32, dropout=0.5)
SIZES = [(33, 47), (40, 40), (65, 50)]


def randomise(net, seed=0):
    """Give every trained blob of a net values, the zero-initialised scores too; the same for the same seed."""
    generator = np.random.default_rng(seed)
    for name in sorted(net.params):
        if name.startswith(("conv", "fc", "score")):
            for blob in net.params[name]:
                blob.data[...] = generator.normal(0, 0.15, blob.data.shape)


def data_parameters(folder, metadata, split="train"):
    return dict(source=str(folder / "lmdb" / split), mean_bgr=list(metadata.mean_bgr), batch=1, shuffle=False,
                mirror=False, seed=0)


@pytest.mark.parametrize("padding", ["fcn", "same"])
@pytest.mark.parametrize("stage", STAGES)
def test_train_validation_and_deploy_nets_give_equal_scores(tmp_path, make_dataset, stage, padding):
    metadata = make_dataset({"train": SIZES})
    architecture = Architecture(**dict(SMALL, dropout=0), padding=padding)
    data = data_parameters(tmp_path, metadata)
    train = load_net(tmp_path, train_net(stage, architecture, data, CRF, True), caffe.TRAIN)
    validation = load_net(tmp_path, validation_net(stage, architecture, data, CRF))
    deploy = load_net(tmp_path, deploy_net(stage, architecture, (10, 10), CRF))
    for net in (train, validation, deploy):
        randomise(net)
    for size in SIZES:
        train.forward()
        validation.forward()
        image = train.blobs["data"].data
        assert image.shape == (1, 3, *size)
        deploy.blobs["data"].reshape(*image.shape)
        deploy.blobs["data"].data[...] = image
        deploy.forward()
        scores = train.blobs["score"].data
        assert scores.shape == (1, 3, *size) and np.ptp(scores) > 0
        assert np.array_equal(scores, deploy.blobs["score"].data)
        assert np.array_equal(scores, validation.blobs["score"].data)
        if STAGES[stage].crf:
            assert np.array_equal(validation.blobs["labels"].data, deploy.blobs["labels"].data)


@pytest.mark.parametrize("unary", ["-p", "-log p"])
def test_the_ssvm_gradient_reaches_the_first_layer(tmp_path, make_dataset, unary):
    metadata = make_dataset({"train": [(40, 48)]})
    message = train_net("stage4", Architecture(**SMALL, padding="same"), data_parameters(tmp_path, metadata),
                        dict(CRF, unary=unary), True)
    net = load_net(tmp_path, message, caffe.TRAIN)
    randomise(net)
    net.forward()
    net.backward()
    for name in ("conv1_1", "conv3_3", "fc6", "score_fr", "score_pool4", "score_pool3"):
        gradient = net.params[name][0].diff
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, name


def test_the_gradient_at_the_scores_is_that_of_the_loss(tmp_path, make_dataset):
    """Finite differences through softmax, unary and SSVM, where the loss-augmented labels do not change."""
    metadata = make_dataset({"train": [(24, 24)]})
    message = train_net("stage4", Architecture(**dict(SMALL, dropout=0), padding="same"),
                        data_parameters(tmp_path, metadata), CRF, False)
    net = load_net(tmp_path, message, caffe.TRAIN)
    randomise(net)
    net.forward()
    net.backward()
    score, gradient = net.blobs["score"].data, net.blobs["score"].diff.copy()
    generator, step = np.random.default_rng(0), 1e-2
    for index in [np.unravel_index(i, score.shape) for i in np.argsort(-np.abs(gradient), axis=None)[:200:10]] + [
            tuple(generator.integers(0, n) for n in score.shape) for _ in range(10)]:
        losses = []
        for change in (step, -2 * step):
            score[index] += change
            net.forward(start="prob")
            losses.append(float(net.blobs["loss"].data))
        score[index] += step
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(gradient[index], abs=0.02)


def test_log_unary_is_minus_the_logarithm(tmp_path):
    message = deploy_net("stage4", Architecture(**SMALL), (20, 20), dict(CRF, unary="-log p"))
    net = load_net(tmp_path, message)
    randomise(net)
    net.blobs["data"].data[...] = np.random.default_rng(0).normal(0, 50, (1, 3, 20, 20))
    net.forward()
    assert net.blobs["unary"].data == pytest.approx(-np.log(net.blobs["prob"].data + 1e-6), abs=1e-4)


def test_the_data_layers_count_is_not_handed_on(make_dataset, tmp_path):
    metadata = make_dataset({"train": [(24, 24)]})
    names = set()
    for stage in STAGES:
        net = layers(train_net(stage, Architecture(**SMALL), data_parameters(tmp_path, metadata), CRF, True))
        names |= {name for name in net if name.startswith("data")}
    assert len(names) == len(STAGES)


def test_neighbours_reach_every_layer_and_the_default_stays_out(tmp_path, make_dataset):
    metadata = make_dataset({"train": [(24, 24)]})
    eight = [[0, 1], [1, 0], [1, 1], [1, -1]]
    for neighbours in (CRF["neighbours"], tuple(map(tuple, eight))):
        crf = dict(CRF, neighbours=neighbours)
        message = train_net("stage4", Architecture(**SMALL), data_parameters(tmp_path, metadata), crf, True)
        deploy = deploy_net("stage4", Architecture(**SMALL), (24, 24), crf)
        found = [json.loads(layer.python_param.param_str).get("neighbours") for net in (message, deploy)
                 for layer in net.layer if layer.python_param.layer in ("ContrastWeights", "SSVMLoss", "CRFInference")]
        assert found == [None if neighbours == CRF["neighbours"] else eight] * 4
        net = load_net(tmp_path, message, caffe.TRAIN)
        randomise(net)
        net.forward()
        net.backward()
        assert net.blobs["weights"].shape[1] == len(neighbours) and np.isfinite(net.blobs["loss"].data)
