"""Bottom and top blobs: their numbers are checked, and their vectors become lists."""

import numpy as np
import pytest

from python_layers.blobs import as_list, check_blob_counts, whole_labels


class Loss:
    """Stands for a layer; its name is in the errors."""


class Vector:
    """A sequence that can be indexed but not iterated over, like Caffe's own vector of blobs."""

    __iter__ = None

    def __init__(self, *blobs):
        self.blobs = blobs

    def __len__(self):
        return len(self.blobs)

    def __getitem__(self, index):
        return self.blobs[index]


@pytest.mark.parametrize("bottoms, tops", [(2, 1), (3, 1), (2, 0)])
def test_allowed_numbers_pass(bottoms, tops):
    check_blob_counts(Loss(), [None] * bottoms, [None] * tops, (2, 3), (0, 1))


@pytest.mark.parametrize("bottoms, tops, message", [
    (1, 1, "Loss got 1 bottom blobs, allowed is 2 or 3."), (4, 1, "Loss got 4 bottom blobs, allowed is 2 or 3."),
    (2, 2, "Loss got 2 top blobs, allowed is 0 or 1."), (0, 5, "Loss got 0 bottom blobs, allowed is 2 or 3.")])
def test_others_are_named_bottoms_first(bottoms, tops, message):
    with pytest.raises(ValueError) as error:
        check_blob_counts(Loss(), Vector(*range(bottoms)), Vector(*range(tops)), (2, 3), (0, 1))
    assert str(error.value) == message


def test_a_vector_becomes_a_list():
    assert as_list(Vector("a", "b")) == ["a", "b"] and as_list(Vector()) == []


def test_labels_of_a_blob_are_whole_numbers_like_the_scores():
    scores = np.zeros((2, 3, 1, 2), np.float32)
    labels = whole_labels(np.float32([[[[0, 255]]], [[[2, 1]]]]), scores)
    np.testing.assert_array_equal(labels, [[[0, 255]], [[2, 1]]])
    assert labels.dtype == np.int32


@pytest.mark.parametrize("label, shown", [(1.5, "1.5"), (np.nan, "nan")])
def test_labels_between_classes_are_refused(label, shown):
    with pytest.raises(ValueError, match=f"A pixel has the label {shown}; labels must be whole numbers"):
        whole_labels(np.float32([[[0, label]]]), np.zeros((1, 3, 1, 2)))
