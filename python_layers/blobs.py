"""Bottoms and tops of a Python layer: their number, lists of them, and the labels that one holds."""

import numpy as np


def check_blob_counts(layer, bottom, top, bottoms, tops):
    """Raise a ValueError unless a layer got an allowed number of bottoms and tops."""
    name = type(layer).__name__
    for kind, given, allowed in (("bottom", len(bottom), bottoms), ("top", len(top), tops)):
        if given not in allowed:
            raise ValueError(f"{name} got {given} {kind} blobs, allowed is {' or '.join(map(str, allowed))}.")


def as_list(blobs):
    """Return bottoms or tops as a list: Caffe's own vector can be indexed but not iterated over."""
    return [blobs[index] for index in range(len(blobs))]


def whole_labels(labels, scores):
    """Return the labels of a blob, which are float32, as int32 (N, H, W) like scores (N, K, H, W).

    Raises a ValueError if one is no whole number, as where labels were resized by interpolation.
    """
    labels = labels.reshape(len(scores), *scores.shape[2:])
    broken = labels[labels != np.rint(labels)]
    if len(broken):
        raise ValueError(f"A pixel has the label {broken[0]:g}; labels must be whole numbers: resize them to the "
                         "nearest, without interpolation.")
    return labels.astype(np.int32)
