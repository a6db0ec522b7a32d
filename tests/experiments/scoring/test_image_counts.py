"""Counts of a labelling, and the scores of its edges, computed by hand."""

import numpy as np
import pytest

from data_prep.store.metadata import LabelClass
from experiments.scoring.image_counts import ImageCounter, edge_scores, stacked
from experiments.scoring.metrics import confusion_matrix

CLASSES = [LabelClass(name, "flat", (0, 0, 0)) for name in "abc"]


def halves(boundary, width=20):
    labels = np.zeros((10, width), np.uint8)
    labels[:, boundary:] = 1
    return labels


def test_the_band_alone_is_counted_there():
    truth, labels = halves(10), halves(12)
    labels[0, 0] = 2  # far from the edge
    counts = ImageCounter(truth, 3)(labels)
    np.testing.assert_array_equal(counts.confusion, confusion_matrix(truth, labels, 3))
    # columns 7 to 12 are in the band, of which 10 and 11 are taken for class 0
    assert counts.band.tolist() == [[30, 0, 0], [20, 10, 0], [0, 0, 0]]
    assert counts.true_edges.tolist() == [10, 10]
    assert counts.edges.tolist() == [10, 10 + 2]  # the speck has two sides in the image


def test_edges_at_void_count_for_neither():
    truth, labels = halves(10), halves(10)
    truth[4:, 9] = 255
    counts = ImageCounter(truth, 3)(labels)
    assert counts.edges.tolist() == counts.true_edges.tolist() == [0, 4]


def test_scores_are_of_all_images_together():
    truth = halves(10)
    counter = ImageCounter(truth, 3)
    rows, columns = np.indices(truth.shape)
    stairs = (rows + columns > 15).astype(np.uint8)
    scored = edge_scores(stacked([counter(halves(12)), counter(stairs)]), CLASSES)
    # the stairs have ten steps down and nine to the right
    assert scored["axis_aligned"] == pytest.approx(100 * 10 / (10 + 19)) and scored["axis_aligned_truth"] == 100
    # in the band 30 pixels of 0 and of 1: the first labelling errs in 20; of row r the stairs begin at column 16 - r
    right = [sum(stairs[:, column] == truth[:, column]) for column in range(7, 13)]
    zero, one = 30 + sum(right[:3]), 10 + sum(right[3:])
    wrong = 120 - zero - one
    assert scored["band"] == pytest.approx(50 * (zero / (zero + wrong) + one / (one + wrong)))


def test_without_edges_there_is_no_score():
    truth = np.zeros((10, 10), np.uint8)
    counts = stacked([ImageCounter(truth, 3)(truth)])
    assert edge_scores(counts, CLASSES) == {"band": None, "axis_aligned": None, "axis_aligned_truth": None}
