"""Margins by IoU: a table computed by hand, the mean margin, and images that lack classes or labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_layers.margins import iou_margins

VOID = 255
# Of 12 labelled pixels 6 are of class 0, 4 of class 1, 2 of class 2 and none of class 3.
TRUTH = np.array([[[0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, VOID, VOID]]])
# Class 0's union is all of its 6 pixels and 2 of class 1, class 1's its 4, class 2's its 2 and one of class 0.
LABELS = np.array([[[0, 0, 0, 0, 0, 2, 0, 0, 1, 1, 2, 2, 3, 3]]])
MISSES, UNIONS = [1 / 6, 1 / 4, 1 / 2], [8, 4, 3, 3]  # a union is at least 12 / 4


def test_a_table_by_hand():
    costs = [[0 if k == c else MISSES[c] + 1 / UNIONS[k] for k in range(4)] for c in range(3)]
    mean = (6 * sum(costs[0]) + 4 * sum(costs[1]) + 2 * sum(costs[2])) / (12 * 3)
    expected = 0.1 / mean * np.array([*costs, [0] * 4])
    margins = iou_margins(TRUTH, LABELS, 4, 0.1, VOID)
    assert margins.shape == (1, 4, 4) and margins.dtype == np.float32
    assert margins[0] == pytest.approx(expected, rel=1e-6)
    assert margins[0, 0, 3] == margins[0, 0, 2] > margins[0, 0, 1]  # the union of 3 pixels, and that of none as large


@given(st.integers(0, 2 ** 31), st.integers(2, 6))
def test_the_mean_over_labelled_pixels_and_wrong_labels_is_gamma(seed, classes):
    generator = np.random.default_rng(seed)
    truth, labels = generator.integers(0, classes, (2, 2, 5, 6))
    truth[generator.random(truth.shape) < 0.3] = VOID
    for image, margins in enumerate(iou_margins(truth, labels, classes, 0.25, VOID)):
        assert (np.diag(margins) == 0).all() and (margins >= 0).all() and np.isfinite(margins).all()
        wrong = [margins[c, k] for c in truth[image][truth[image] != VOID] for k in range(classes) if k != c]
        assert not wrong or np.mean(wrong) == pytest.approx(0.25, rel=1e-5)


def test_without_labels_or_margin_nothing_costs():
    assert not iou_margins(np.full((1, 2, 2), VOID), np.zeros((1, 2, 2), int), 3, 0.1, VOID).any()
    assert not iou_margins(TRUTH, LABELS, 4, 0, VOID).any()


def test_images_have_margins_of_their_own():
    both = iou_margins(np.concatenate([TRUTH, TRUTH[:, :, ::-1]]), np.concatenate([LABELS, TRUTH % 4]), 4, 0.1, VOID)
    assert np.array_equal(both[0], iou_margins(TRUTH, LABELS, 4, 0.1, VOID)[0]) and not np.array_equal(both[0], both[1])


def test_labels_that_are_no_class_are_named():
    with pytest.raises(ValueError, match="the label 2; labels must be 0 to 1"):
        iou_margins(TRUTH, LABELS % 2, 2, 0.1, VOID)
