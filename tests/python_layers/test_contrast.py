"""Learnt contrast weights: where they start, what their blobs stand for, and their gradients."""

import numpy as np
import pytest

import theano_crf
from python_layers.contrast import learnt_parameters
from python_layers.parameters import WeightParameters
from tests.theano_crf import twins

from .test_crf import make_net

NEIGHBOURS = ((0, 1), (1, 0), (1, -1))
SETTINGS = dict(alpha=3.0, beta=0.7, lam=1.5)
LOGS = [np.float32([0.2]), np.float32([-0.3]), np.float32([0.5, -0.1, 0.0])]


@pytest.fixture
def image():
    image = np.random.default_rng(0).uniform(0, 255, (2, 3, 6, 7)).astype(np.float32)
    image[:, :, 2:4] = image[:, :, 2:3, 3:4]  # some neighbours are equal
    return image


def learning_net(tmp_path, image):
    """Return a net of a layer ContrastWeights that learns, and the layer."""
    net = make_net(tmp_path, "ContrastWeights", {"image": image}, ["weights"], neighbours=NEIGHBOURS,
                   learn_contrast=True, **SETTINGS)
    return net, net.layers[list(net._layer_names).index("ContrastWeights")]


def numpy_weights(image, logs):
    """Eq. 6 in double precision with the parameters that blobs stand for."""
    learnt = learnt_parameters(WeightParameters(**SETTINGS), logs)
    weights = [twins.contrast_weights(one / 255, learnt["alpha"], learnt["beta"], 1.0, NEIGHBOURS)
               for one in image.astype(np.float64)]
    return np.stack(weights) * np.reshape(learnt["lam"], (-1, 1, 1))


def test_learning_starts_at_the_settings(tmp_path, image):
    net, layer = learning_net(tmp_path, image)
    assert [blob.data.shape for blob in layer.blobs] == [(1,), (1,), (3,)]
    net.forward()
    fixed = make_net(tmp_path, "ContrastWeights", {"image": image}, ["weights"], neighbours=NEIGHBOURS, **SETTINGS)
    fixed.forward()
    np.testing.assert_array_equal(net.blobs["weights"].data, fixed.blobs["weights"].data)
    assert layer.contrast.learnt == {"alpha": 3.0, "beta": 0.7, "lam": [1.5] * 3}
    fixed_layer = fixed.layers[list(fixed._layer_names).index("ContrastWeights")]
    assert len(fixed_layer.blobs) == 0 and fixed_layer.contrast.learnt is None


def test_blobs_are_logarithms_of_factors(tmp_path, image):
    net, layer = learning_net(tmp_path, image)
    for blob, values in zip(layer.blobs, LOGS):
        blob.data[...] = values
    net.forward()
    np.testing.assert_allclose(net.blobs["weights"].data, numpy_weights(image, LOGS), rtol=1e-4, atol=1e-6)
    learnt = layer.contrast.learnt
    assert learnt["alpha"] == pytest.approx(3 * np.exp(0.2)) and learnt["beta"] == pytest.approx(0.7 * np.exp(-0.3))
    assert learnt["lam"] == pytest.approx(1.5 * np.exp([0.5, -0.1, 0.0]))
    layer.blobs[2].data[...] = -1000  # however far it goes, a weight is not negative
    net.forward()
    assert (net.blobs["weights"].data == 0).all()


def test_gradients_are_those_of_finite_differences_and_add_up(tmp_path, image):
    net, layer = learning_net(tmp_path, image)
    above = np.random.default_rng(1).normal(0, 1, (2, 3, 6, 7))
    for blob, values in zip(layer.blobs, LOGS):
        blob.data[...] = values
        blob.diff[...] = 0
    net.blobs["weights"].diff[...] = above
    for _ in range(2):
        layer.contrast.add_gradients(net.blobs["image"].data, net.blobs["weights"].diff)
    step = 1e-5
    for number, values in enumerate(LOGS):
        for place in range(values.size):
            costs = []
            for change in (step, -step):
                logs = [entry.astype(np.float64) for entry in LOGS]
                logs[number][place] += change
                costs.append((above * numpy_weights(image, logs)).sum())
            gradient = 2 * (costs[0] - costs[1]) / (2 * step)
            assert layer.blobs[number].diff[place] == pytest.approx(gradient, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("learn_contrast", [False, True])
def test_relative_contrast_is_that_of_the_image_with_its_mean(tmp_path, image, learn_contrast):
    mean = np.float32([30, 60, 90])[:, None, None]
    net = make_net(tmp_path, "ContrastWeights", {"image": image - mean}, ["weights"], relative_contrast=True,
                   mean_bgr=[30, 60, 90], learn_contrast=learn_contrast, neighbours=NEIGHBOURS, **SETTINGS)
    net.forward()
    expected = [twins.contrast_weights(twins.relative_colours(one / 255), 3.0, 0.7, 1.5, NEIGHBOURS) for one in image]
    np.testing.assert_allclose(net.blobs["weights"].data, expected, rtol=1e-3, atol=1e-5)


def test_the_default_weights_are_those_of_the_library(tmp_path, image):
    net = make_net(tmp_path, "ContrastWeights", {"image": image}, ["weights"])
    net.forward()
    expected = theano_crf.contrast_weights(image / 255)
    np.testing.assert_allclose(net.blobs["weights"].data, expected, rtol=1e-3, atol=1e-5)
