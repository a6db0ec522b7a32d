"""Scores against tables computed by hand and against a loop over pixels."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from experiments.scoring.metrics import confusion_matrix, intersection_over_union, merge_categories, scores

NAMES = ["road", "sidewalk", "car", "sky"]
CATEGORIES = ["flat", "flat", "vehicle", "sky"]

TRUTH = np.array([[0, 0, 0, 1],
                  [0, 1, 1, 255],
                  [2, 2, 255, 255]])
PREDICTED = np.array([[0, 0, 1, 1],
                      [2, 1, 0, 2],
                      [2, 0, 3, 3]])
# Counted by hand; the last column of the second row and two pixels of the third have no truth.
CONFUSION = np.array([[2, 1, 1, 0],
                      [1, 2, 0, 0],
                      [1, 0, 1, 0],
                      [0, 0, 0, 0]])


def test_confusion_matrix_counted_by_hand():
    confusion = confusion_matrix(TRUTH, PREDICTED, 4)
    assert confusion.dtype == np.int64
    np.testing.assert_array_equal(confusion, CONFUSION)


def test_matrix_has_the_size_of_the_table_not_of_the_data():
    assert confusion_matrix(np.zeros((2, 2), int), np.zeros((2, 2), int), 19).shape == (19, 19)
    np.testing.assert_array_equal(confusion_matrix(np.full(5, 255), np.zeros(5), 3), np.zeros((3, 3)))


def test_scores_computed_by_hand():
    scored = scores(CONFUSION, NAMES, CATEGORIES)
    # road: 2 right, 2 missed, 2 too many; sidewalk: 2, 1, 1; car: 1, 1, 1; sky nowhere.
    assert scored.per_class["road"] == pytest.approx(100 * 2 / 6)
    assert scored.per_class["sidewalk"] == pytest.approx(100 * 2 / 4)
    assert scored.per_class["car"] == pytest.approx(100 * 1 / 3)
    assert math.isnan(scored.per_class["sky"])
    assert scored.classes == pytest.approx(100 * (1 / 3 + 1 / 2 + 1 / 3) / 3)
    # flat: 6 right within the category, 1 taken for car, 1 car taken for flat; vehicle: 1, 1, 1.
    assert scored.per_category["flat"] == pytest.approx(100 * 6 / 8)
    assert scored.per_category["vehicle"] == pytest.approx(100 * 1 / 3)
    assert math.isnan(scored.per_category["sky"])
    assert scored.categories == pytest.approx(100 * (3 / 4 + 1 / 3) / 2)
    assert scored.pixel_accuracy == pytest.approx(100 * 5 / 9)


def test_class_only_predicted_scores_zero_and_counts_in_the_mean():
    scored = scores(confusion_matrix([0, 0, 0, 0], [0, 0, 3, 0], 4), NAMES, CATEGORIES)
    assert scored.per_class["sky"] == 0
    assert scored.classes == pytest.approx((75 + 0) / 2)


def test_json_form():
    read = json.loads(json.dumps(scores(CONFUSION, NAMES, CATEGORIES).to_json(), allow_nan=False))
    assert set(read) == {"classes", "categories", "per_class"}
    assert list(read["per_class"]) == NAMES
    assert read["per_class"]["sky"] is None
    assert read["classes"] == pytest.approx(38.888888888)


def test_nothing_labelled_has_no_score():
    scored = scores(np.zeros((4, 4), int), NAMES, CATEGORIES)
    assert scored.to_json() == {"classes": None, "categories": None, "per_class": dict.fromkeys(NAMES)}
    assert math.isnan(scored.pixel_accuracy)


def test_agrees_with_the_formulas_of_the_official_evaluation():
    """Sums over rows and columns written out as sets of labels, category by category."""
    confusion = np.random.RandomState(0).randint(0, 50, (4, 4))
    names, merged = merge_categories(confusion, CATEGORIES)
    ious = dict(zip(names, intersection_over_union(merged)))
    for category in set(CATEGORIES):
        inside = [k for k in range(4) if CATEGORIES[k] == category]
        outside = [k for k in range(4) if CATEGORIES[k] != category]
        right = confusion[inside, :][:, inside].sum()
        missed = confusion[inside, :][:, outside].sum()
        wrong = confusion[outside, :][:, inside].sum()
        assert ious[category] == pytest.approx(right / (right + missed + wrong))


@pytest.mark.parametrize("truth, predicted, words", [
    ([0, 4], [0, 0], "Label 4 was found in the truth"),
    ([0, 1], [0, 255], "Label 255 was found in the prediction"),
    ([0, 255], [0, 7], "Label 7 was found in the prediction"),
    ([0, -1], [0, 0], "Label -1"),
    ([0, 1], [0, 0.5], "Label 0.5"),
    ([0, 1], [0, float("nan")], "Label nan"),
    ([0, 1], [[0, 1]], "shape"),
])
def test_labels_outside_the_table_are_refused(truth, predicted, words):
    with pytest.raises(ValueError, match=words):
        confusion_matrix(np.array(truth), np.array(predicted), 4)


def test_sizes_that_differ_are_refused():
    with pytest.raises(ValueError, match="3 rows"):
        scores(CONFUSION, NAMES[:3], CATEGORIES[:3])
    with pytest.raises(ValueError, match="one category per class"):
        scores(CONFUSION, NAMES, CATEGORIES[:3])


@st.composite
def labelled_pairs(draw):
    classes = draw(st.integers(1, 5))
    shape = (draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    label = st.integers(0, classes - 1)
    truth = draw(arrays(np.uint8, shape, elements=st.one_of(label, st.just(255))))
    predicted = draw(arrays(draw(st.sampled_from([np.uint8, np.int32, np.float32])), shape, elements=label))
    return classes, truth, predicted


@given(labelled_pairs())
def test_agrees_with_a_loop_over_pixels(case):
    classes, truth, predicted = case
    expected = np.zeros((classes, classes), int)
    for true, guess in zip(truth.ravel(), predicted.ravel()):
        if true != 255:
            expected[true, int(guess)] += 1
    confusion = confusion_matrix(truth, predicted, classes)
    np.testing.assert_array_equal(confusion, expected)
    ious = intersection_over_union(confusion)
    for k in range(classes):
        both = np.sum((truth == k) & (predicted == k))
        either = np.sum(((truth == k) | (predicted == k)) & (truth != 255))
        assert math.isnan(ious[k]) if either == 0 else ious[k] == pytest.approx(both / either)
