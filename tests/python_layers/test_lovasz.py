"""The Lovász-softmax loss: its definition by brute force over all orderings, finite differences, and the layer."""

import itertools
import json

import caffe
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_layers.lovasz import lovasz_softmax

VOID = 255
NET = """
force_backward: true
layer {{ name: "score" type: "Input" top: "score" input_param {{ shape {{ dim: {0} dim: 3 dim: 2 dim: 4 }} }} }}
layer {{ name: "label" type: "Input" top: "label" input_param {{ shape {{ dim: {0} dim: 2 dim: 4 }} }} }}
layer {{ name: "prob" type: "Softmax" bottom: "score" top: "prob" }}
layer {{ name: "loss" type: "Python" bottom: "prob" bottom: "label" top: "loss" loss_weight: {1}
  python_param {{ module: "python_layers" layer: "LovaszLoss" param_str: '{2}' }} }}
"""


def jaccard_loss(wrong, true):
    """1 - IoU of a class where the pixels of `wrong` are taken for another class, or wrongly for this one."""
    predicted = true ^ wrong
    return 1 - (predicted & true).sum() / (predicted | true).sum()


def extension(errors, true):
    """The Lovász extension: the largest value, over all orderings of the pixels, of their errors times the loss's growth.

    The Jaccard loss is submodular, so the greedy ordering, by falling error, gives the maximum.
    """
    values = []
    for order in itertools.permutations(range(len(errors))):
        wrong, before, value = np.zeros(len(errors), bool), 0.0, 0.0
        for pixel in order:
            wrong[pixel] = True
            now = jaccard_loss(wrong, true)
            value += errors[pixel] * (now - before)
            before = now
        values.append(value)
    return max(values)


def brute_force(probabilities, labels):
    """Loss of one image (K, P) with labels (P,)."""
    counted = labels != VOID
    classes = sorted(set(labels[counted]))
    values = []
    for label in classes:
        true = labels[counted] == label
        errors = np.abs(true - probabilities[label][counted])
        values.append(extension(errors, true))
    return np.mean(values) if values else 0.0


def random_problem(seed, pixels=5, classes=3, void=0.2):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, pixels)
    labels[generator.random(pixels) < void] = VOID
    return generator.dirichlet(np.ones(classes), pixels).T, labels


@given(st.integers(0, 2 ** 31))
def test_it_is_the_extension_of_the_jaccard_loss(seed):
    probabilities, labels = random_problem(seed)
    losses, _ = lovasz_softmax(probabilities[None, :, None], labels[None, None], VOID)
    assert losses[0] == pytest.approx(brute_force(probabilities, labels), abs=1e-9)
    assert 0 <= losses[0] <= 1 + 1e-12


@given(st.integers(0, 2 ** 31))
def test_at_hard_labels_it_is_the_jaccard_loss(seed):
    generator = np.random.default_rng(seed)
    labels, predicted = generator.integers(0, 3, (2, 12))
    losses, _ = lovasz_softmax(np.eye(3)[predicted].T[None, :, None], labels[None, None], VOID)
    ious = [((labels == one) & (predicted == one)).sum() / ((labels == one) | (predicted == one)).sum()
            for one in sorted(set(labels))]
    assert losses[0] == pytest.approx(1 - np.mean(ious))


def test_gradients_are_those_of_finite_differences():
    for seed in range(20):
        probabilities, labels = random_problem(seed, pixels=9)
        shaped = probabilities.reshape(1, 3, 3, 3)
        _, gradient = lovasz_softmax(shaped, labels.reshape(1, 3, 3), VOID)
        for index in np.ndindex(shaped.shape):
            step = np.zeros_like(shaped)
            step[index] = 1e-6
            up, down = (lovasz_softmax(shaped + sign * step, labels.reshape(1, 3, 3), VOID)[0][0] for sign in (1, -1))
            assert (up - down) / 2e-6 == pytest.approx(gradient[index], abs=1e-5)
        assert not gradient[:, :, labels.reshape(3, 3) == VOID].any()


def test_equal_errors_give_a_subgradient():
    generator = np.random.default_rng(0)
    labels, start = generator.integers(0, 3, (1, 2, 4)), np.full((1, 3, 2, 4), 1 / 3)
    (loss,), gradient = lovasz_softmax(start, labels, VOID)
    for _ in range(100):
        other = generator.dirichlet(np.ones(3), (1, 2, 4)).transpose(0, 3, 1, 2)
        assert lovasz_softmax(other, labels, VOID)[0][0] >= loss + (gradient * (other - start)).sum() - 1e-6


def test_one_class_alone_counts_its_misses_by_the_pixel():
    probabilities = np.array([[0.9, 0.5, 0.1, 0.3], [0.1, 0.5, 0.9, 0.7]])[None, :, None]
    losses, gradient = lovasz_softmax(probabilities, np.zeros((1, 1, 4), int), VOID)
    assert losses[0] == pytest.approx(1 - (0.9 + 0.5 + 0.1 + 0.3) / 4)
    assert gradient[0, 0] == pytest.approx(np.full((1, 4), -1 / 4)) and not gradient[0, 1].any()


def test_labels_that_are_no_class_are_named():
    with pytest.raises(ValueError, match="the label 3; labels must be 0 to 2, or 255 for void"):
        lovasz_softmax(np.ones((1, 3, 1, 2)) / 3, np.array([[[0, 3]]]), VOID)


def make_net(tmp_path, images, loss_weight=1, **parameters):
    path = tmp_path / "net.prototxt"
    path.write_text(NET.format(images, loss_weight, json.dumps(parameters)))
    net, generator = caffe.Net(str(path), caffe.TRAIN), np.random.default_rng(5)
    net.blobs["score"].data[...] = generator.normal(0, 1, (images, 3, 2, 4))
    labels = generator.integers(0, 3, (images, 2, 4))
    labels[0, 0, :3] = VOID
    net.blobs["label"].data[...] = labels
    return net, labels


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("loss_weight", [0, 2])
def test_a_batch_is_the_mean_of_its_images_by_labelled_pixel(tmp_path, normalise, loss_weight):
    net, labels = make_net(tmp_path, 2, loss_weight, normalise=normalise)
    net.forward()
    net.backward()
    losses, gradient = lovasz_softmax(net.blobs["prob"].data, labels, VOID)
    scale = np.array([5, 8]) / (13 if normalise else 1)
    assert net.blobs["loss"].data == pytest.approx((scale * losses).sum(), rel=1e-5)
    assert net.blobs["prob"].diff == pytest.approx(loss_weight * gradient * scale[:, None, None, None], abs=1e-6)


def test_the_gradient_reaches_the_scores(tmp_path):
    net, _ = make_net(tmp_path, 1)
    net.forward()
    net.backward()
    score, gradient = net.blobs["score"].data, net.blobs["score"].diff.copy()
    for index in np.ndindex(score.shape):
        losses = []
        for change in (1e-3, -2e-3):
            score[index] += change
            net.forward()
            losses.append(float(net.blobs["loss"].data))
        score[index] += 1e-3
        assert (losses[0] - losses[1]) / 2e-3 == pytest.approx(gradient[index], abs=1e-3)
    assert np.abs(gradient).max() > 0.01


def test_a_batch_of_void_has_no_loss_and_no_gradient(tmp_path):
    net, _ = make_net(tmp_path, 2)
    net.blobs["label"].data[...] = VOID
    net.forward()
    net.backward()
    assert net.blobs["loss"].data == 0 and not net.blobs["score"].diff.any()


def test_labels_between_classes_are_refused(tmp_path):
    net, _ = make_net(tmp_path, 1)
    net.blobs["label"].data[0, 1, 2] = 0.5
    with pytest.raises(ValueError, match="the label 0.5; labels must be whole numbers"):
        net.forward()
