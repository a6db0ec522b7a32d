"""Edges on label images small enough to count, and against loops over pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from experiments.scoring.edges import aligned_share, edge_band, edge_lengths

VOID = 255


def everywhere(labels):
    return np.ones(labels.shape, bool)


def square(size, top, left, side):
    labels = np.zeros((size, size), np.uint8)
    labels[top:top + side, left:left + side] = 1
    return labels


@pytest.mark.parametrize("side, aligned", [(7, 0), (8, 32), (9, 36)])
def test_the_sides_of_a_square_are_runs(side, aligned):
    assert edge_lengths(square(20, 3, 4, side), everywhere(np.zeros((20, 20)))).tolist() == [aligned, 4 * side]


def test_a_diagonal_is_a_staircase_and_a_flat_slope_has_runs():
    rows, columns = np.indices((20, 20))
    diagonal, slope = rows > columns, rows > columns // 10 + 3
    # 19 steps down of one pixel each, and as many to the right
    assert edge_lengths(diagonal, everywhere(diagonal)).tolist() == [0, 38]
    # two treads of ten pixels, with a step of one between them
    assert edge_lengths(slope, everywhere(slope)).tolist() == [20, 21]


def test_runs_end_where_the_labels_change_and_at_the_end_of_a_row():
    labels = np.array([[0] * 10, [1] * 5 + [2] * 5])
    # two runs of five under the row of 0, one of one between 1 and 2
    assert edge_lengths(labels, everywhere(labels), straight=5).tolist() == [10, 11]
    assert edge_lengths(labels, everywhere(labels), straight=6).tolist() == [0, 11]
    stripes = np.array([[0] * 6, [1] * 6, [0] * 6])
    assert edge_lengths(stripes, everywhere(stripes), straight=7).tolist() == [0, 12]


def test_pixels_that_do_not_count_are_no_edge_and_end_a_run():
    labels = np.repeat([[0], [1]], 17, axis=1)
    counted = everywhere(labels)
    counted[0, 8] = False
    assert edge_lengths(labels, counted).tolist() == [16, 16]
    counted[1, 12] = False
    assert edge_lengths(labels, counted).tolist() == [8, 15]
    assert edge_lengths(labels, np.zeros_like(counted)).tolist() == [0, 0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_images_of_one_line(shape):
    labels = np.arange(shape[0] * shape[1]).reshape(shape)
    assert edge_lengths(labels, everywhere(labels), straight=1).tolist() == 2 * [labels.size - 1]


def slow_lengths(labels, counted, straight):
    """Walk along each line between pixels, counting."""
    aligned = whole = 0
    for values, valid in ((labels, counted), (labels.T, counted.T)):
        for upper in range(len(values) - 1):
            run, before = 0, None
            for column in range(values.shape[1] + 1):
                pair = None
                if column < values.shape[1] and valid[upper, column] and valid[upper + 1, column]:
                    pair = (values[upper, column], values[upper + 1, column])
                    pair = pair if pair[0] != pair[1] else None
                if pair != before:
                    aligned += run if run >= straight else 0
                    run, before = 0, pair
                if pair:
                    run, whole = run + 1, whole + 1
    return [aligned, whole]


SHAPES = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@given(st.data(), SHAPES, st.integers(1, 4))
def test_lengths_are_those_of_a_walk(data, shape, straight):
    labels = data.draw(arrays(np.uint8, shape, elements=st.integers(0, 2)))
    counted = data.draw(arrays(bool, shape))
    assert edge_lengths(labels, counted, straight).tolist() == slow_lengths(labels, counted, straight)


def test_shares_are_in_percent_and_unknown_without_edges():
    assert aligned_share([16, 64]) == 25 and np.isnan(aligned_share([0, 0]))
    np.testing.assert_array_equal(aligned_share([[1, 4], [0, 0], [2, 2]]), [25, np.nan, 100])


def test_the_band_is_three_pixels_on_either_side():
    truth = np.zeros((12, 20), np.uint8)
    truth[:, 9:] = 4
    assert np.flatnonzero(edge_band(truth).any(axis=0)).tolist() == [6, 7, 8, 9, 10, 11]
    assert edge_band(truth).sum() == 6 * 12


def test_void_is_not_in_the_band_but_edges_across_it_are():
    truth = np.zeros((5, 20), np.uint8)
    truth[:, 10:] = 1
    truth[:, 9] = VOID
    # column 9 is void: 7 and 8 are at most three from 10, and 10 and 11 from 8
    assert np.flatnonzero(edge_band(truth)[2]).tolist() == [7, 8, 10, 11]
    truth[:, 10:] = 0
    assert not edge_band(truth).any() and not edge_band(np.full((4, 4), VOID, np.uint8)).any()


@given(st.data(), SHAPES, st.integers(1, 3))
def test_the_band_is_that_of_a_look_around_each_pixel(data, shape, width):
    truth = data.draw(arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, VOID])))
    expected = np.zeros(shape, bool)
    for y, x in np.ndindex(*shape):
        around = truth[max(0, y - width):y + width + 1, max(0, x - width):x + width + 1]
        expected[y, x] = truth[y, x] != VOID and ((around != truth[y, x]) & (around != VOID)).any()
    np.testing.assert_array_equal(edge_band(truth, width=width), expected)
