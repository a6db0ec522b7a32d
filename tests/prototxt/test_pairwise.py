"""Pairwise weights in whole nets: learnt terms start as the paper's model, and their gradients are exact."""

import caffe
import numpy as np
import pytest

from prototxt.fcn import Architecture
from prototxt.learnt import LEARNT_LAYERS, OF_IMAGE, OF_IMAGE_AND_PROBABILITIES
from prototxt.nets import train_net
from tests.prototxt.test_fcn import CRF, load_net
from tests.prototxt.test_nets import SMALL, data_parameters, randomise

NEIGHBOURS = ((0, 1), (1, 0), (1, 1))
KINDS = {"contrast": dict(learn_contrast=True), "image": dict(pairwise_net=OF_IMAGE),
         "probabilities": dict(pairwise_net=OF_IMAGE_AND_PROBABILITIES),
         "symmetric": dict(learn_compatibility="symmetric"), "directed": dict(learn_compatibility="directed"),
         "class bias": dict(learn_class_bias=True),
         "all": dict(learn_contrast=True, pairwise_net=OF_IMAGE_AND_PROBABILITIES, learn_compatibility="symmetric",
                     learn_class_bias=True)}
# Small, so that few ReLUs of the pairwise net change sides, and large enough for single precision.
STEP = 2e-4
SAMPLES = 8  # entries of a blob


@pytest.fixture
def make_net(tmp_path, make_dataset):
    """Return a function that makes stage 4's training net with settings of `crf`, after a forward pass."""
    data = data_parameters(tmp_path, make_dataset({"train": [(20, 24)]}))

    def make(**settings):
        crf = {**CRF, "neighbours": NEIGHBOURS, "lam": 0.2, "alpha": 5.0, **settings}
        message = train_net("stage4", Architecture(**dict(SMALL, dropout=0), padding="same"), data, crf, False)
        caffe.set_random_seed(2)
        net = load_net(tmp_path, message, caffe.TRAIN)
        randomise(net)
        net.forward()
        return net
    return make


def loss_layer(net):
    return next(layer for layer in net.layers if hasattr(layer, "structured"))


@pytest.mark.parametrize("kind", KINDS)
def test_learnt_terms_start_as_the_papers_model(make_net, kind):
    expected, net = make_net(), make_net(**KINDS[kind])
    np.testing.assert_array_equal(net.blobs["weights"].data, expected.blobs["weights"].data)
    assert net.blobs["loss"].data == expected.blobs["loss"].data != 0


def test_the_nets_relative_contrast_has_the_mean_of_its_images(make_net):
    net = make_net(relative_contrast=True, mean_bgr=[10, 20, 30])
    layer = next(layer for layer in net.layers if hasattr(layer, "contrast"))
    assert layer.parameters.mean_bgr == (10, 20, 30) and layer.parameters.relative_contrast
    assert not np.array_equal(net.blobs["weights"].data, make_net().blobs["weights"].data)


def learnt_blobs(net):
    return {(name, place): blob for name in sorted(LEARNT_LAYERS & set(net.params))
            for place, blob in enumerate(net.params[name])}


def move_learnt_blobs(net):
    """Take the learnt blobs to a generic point: no compatibility is 0, where it is clipped, and all layers count."""
    generator = np.random.default_rng(5)
    for (name, _), blob in learnt_blobs(net).items():
        values = generator.normal(0, 0.1, blob.data.shape)
        if name == "compatibility":
            values = blob.data + np.abs(values) + 0.05
        blob.data[...] = values if name in ("compatibility", "contrast") else blob.data + values


def slope(net, blob, direction):
    """Return the central difference of the loss along a direction, None where the loss-augmented labels change."""
    layer, before, losses, labels = loss_layer(net), blob.data.copy(), [], []
    for step in (STEP, -STEP):
        blob.data[...] = before + step * direction
        net.forward(start="prob")
        losses.append(layer.structured.loss.sum())
        labels.append(layer.structured.labels)
    blob.data[...] = before
    return None if (labels[0] != labels[1]).any() else (losses[0] - losses[1]) / (2 * STEP)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_every_blob_are_those_of_finite_differences(make_net, kind):
    net, generator = make_net(**KINDS[kind]), np.random.default_rng(1)
    move_learnt_blobs(net)
    net.forward()
    net.clear_param_diffs()
    net.backward()
    blobs, known = learnt_blobs(net), 0
    gradients = {key: blob.diff.copy() for key, blob in blobs.items()}
    for key, blob in blobs.items():
        whole = generator.normal(0, 1, blob.data.shape)
        largest = np.argsort(-np.abs(gradients[key]), axis=None)[:SAMPLES]
        directions = [whole / np.linalg.norm(whole)]
        for place in largest:
            directions.append(np.zeros(blob.data.shape))
            directions[-1].flat[place] = 1
        for direction in directions:
            expected, found = (gradients[key] * direction).sum(), slope(net, blob, direction)
            if found is not None:
                known += 1
                assert found == pytest.approx(expected, rel=0.03, abs=0.02), key
        assert np.abs(gradients[key]).max() > 0.05, key
    assert known > 0.7 * sum(1 + min(SAMPLES, blob.count) for blob in blobs.values())


def test_the_pairwise_nets_gradient_reaches_the_scores(make_net):
    """Of probabilities the net passes a gradient on, so that unary and pairwise costs are learnt together."""
    net = make_net(pairwise_net=OF_IMAGE_AND_PROBABILITIES)
    move_learnt_blobs(net)
    net.forward()
    net.backward()
    score, gradient, layer = net.blobs["score"].data, net.blobs["score"].diff.copy(), loss_layer(net)
    known = 0
    for index in [np.unravel_index(place, score.shape) for place in np.argsort(-np.abs(gradient), axis=None)[:40:4]]:
        losses, labels = [], []
        for change in (STEP, -2 * STEP):
            score[index] += change
            net.forward(start="prob")
            losses.append(layer.structured.loss.sum())
            labels.append(layer.structured.labels)
        score[index] += STEP
        if (labels[0] == labels[1]).all():
            known += 1
            assert (losses[0] - losses[1]) / (2 * STEP) == pytest.approx(gradient[index], rel=0.03, abs=0.02)
    assert known > 5
