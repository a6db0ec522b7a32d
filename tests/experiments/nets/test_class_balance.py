"""Weights of classes: frequencies counted by hand, and Caffe's loss against the formula."""

import caffe
import numpy as np
import pytest

from experiments.nets.class_balance import balanced_weights, class_frequencies, infogain_matrix, margin_matrix

LABELS = (np.array([[0, 0, 0, 1], [0, 0, 255, 1]]), np.array([[0, 2], [0, 0]]))
LOSS = """
force_backward: true
layer {{ name: "score" type: "Input" top: "score" input_param {{ shape {{ dim: 2 dim: 4 dim: 3 dim: 5 }} }} }}
layer {{ name: "label" type: "Input" top: "label" input_param {{ shape {{ dim: 2 dim: 3 dim: 5 }} }} }}
layer {{ name: "loss" type: "InfogainLoss" bottom: "score" bottom: "label" top: "loss" loss_weight: 1
  infogain_loss_param {{ source: "{}" }} loss_param {{ ignore_label: 255 normalization: VALID }} }}
"""


class Records:
    """Records of `LABELS`, without images."""

    def planes(self, index):
        return np.stack([0 * LABELS[index]] * 3 + [LABELS[index]]).astype(np.uint8)


def test_frequencies_are_shares_of_the_images_that_show_a_class():
    pixels, frequencies = class_frequencies(Records(), [0, 1], 4, 255)
    assert pixels.tolist() == [8, 2, 1, 0]
    np.testing.assert_allclose(frequencies, [8 / 11, 2 / 7, 1 / 4, np.nan])


def test_images_that_are_not_chosen_do_not_count():
    assert class_frequencies(Records(), [1], 4, 255)[0].tolist() == [3, 0, 1, 0]


@pytest.mark.parametrize("exponent", [0, 0.5, 1])
def test_weights_are_median_frequency_over_frequency_and_one_in_the_mean(exponent):
    pixels, frequencies = np.array([8, 2, 1, 0]), np.array([8 / 11, 2 / 7, 1 / 4, np.nan])
    weights = balanced_weights(pixels, frequencies, exponent)
    assert (weights * pixels).sum() == pytest.approx(pixels.sum())
    assert weights[3] == 1
    ratios = [(2 / 7 / frequency) ** exponent for frequency in frequencies[:3]]
    np.testing.assert_allclose(weights[:3] / weights[1], ratios)


def test_caffes_loss_is_the_weighted_softmax_loss_per_labelled_pixel(tmp_path):
    weights = np.array([1, 2, 0.5, 3])
    (tmp_path / "weights").write_bytes(infogain_matrix(weights))
    (tmp_path / "net").write_text(LOSS.format(tmp_path / "weights"))
    net = caffe.Net(str(tmp_path / "net"), caffe.TRAIN)
    generator = np.random.RandomState(0)
    scores, labels = generator.randn(2, 4, 3, 5), generator.randint(0, 4, (2, 3, 5))
    labels[0, 0] = 255
    net.blobs["score"].data[...], net.blobs["label"].data[...] = scores, labels
    net.forward()
    net.backward()
    losses, gradient = [], np.zeros(scores.shape)
    for (image, row, column), label in np.ndenumerate(labels):
        if label != 255:
            exponentials = np.exp(scores[image, :, row, column])
            probability = exponentials / exponentials.sum()
            losses.append(-weights[label] * np.log(probability[label]))
            gradient[image, :, row, column] = weights[label] * (probability - (np.arange(4) == label))
    assert float(net.blobs["loss"].data) == pytest.approx(np.mean(losses), rel=1e-5)
    np.testing.assert_allclose(net.blobs["score"].diff, gradient / len(losses), atol=1e-6)


def test_balanced_margins_keep_gamma_as_the_mean_over_pixels():
    pixels, frequencies = np.array([60, 30, 10]), np.array([0.6, 0.3, 0.1])
    matrix = np.array(margin_matrix(balanced_weights(pixels, frequencies, 0.5), 0.1))
    assert (np.diag(matrix) == 0).all()
    margins = matrix.sum(axis=1) / 2
    assert matrix[0, 1] == matrix[0, 2] and (margins * pixels).sum() / 100 == pytest.approx(0.1, rel=1e-5)
    assert margins[2] / margins[0] == pytest.approx(6 ** 0.5, rel=1e-5)
