"""Weights of classes in the softmax loss, so that thin and rare ones count: median-frequency balancing."""

import numpy as np
from caffe.proto import caffe_pb2

FILE_NAME = "class_weights.binaryproto"


def class_frequencies(records, chosen, classes, void):
    """Count the pixels of each class.

    Parameters
    ----------
    records : data_prep.store.records.Records
    chosen : iterable of int
        Indices of the records that count.
    classes : int
        Number of classes, K.
    void : int
        Label of pixels that count nowhere.

    Returns
    -------
    pixels : (K,) int64
    frequencies : (K,) float64
        Share of the class in the labelled pixels of those images that show it; NaN for a class that none shows.
    """
    pixels, where_shown = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for index in chosen:
        labels = records.planes(index)[3]
        counts = np.bincount(labels[labels != void], minlength=classes)
        pixels += counts
        where_shown += np.where(counts > 0, counts.sum(), 0)
    return pixels, np.divide(pixels, where_shown, out=np.full(classes, np.nan), where=where_shown > 0)


def balanced_weights(pixels, frequencies, exponent):
    """Weigh classes by (median frequency / frequency) ^ exponent (Eigen and Fergus), in the mean 1 per labelled pixel.

    Parameters
    ----------
    pixels, frequencies : (K,)
        From `class_frequencies`.
    exponent : float
        1: all classes count as if they were equally frequent; 0: all pixels count alike.

    Returns
    -------
    (K,) float64
        A class that is nowhere shown has weight 1. A loss that is weighted so remains comparable per labelled pixel.
    """
    shown = pixels > 0
    weights = np.ones(len(pixels))
    weights[shown] = (np.median(frequencies[shown]) / frequencies[shown]) ** exponent
    weights[shown] *= pixels.sum() / (weights * pixels).sum()
    return weights


def margin_matrix(weights, gamma):
    """Return the margins Gamma[c, k] = gamma * weights[c] of labels k other than the truth c (eq. 8), 0 where k = c.

    Parameters
    ----------
    weights : (K,)
        From `balanced_weights`, so that the mean margin over labelled pixels is gamma.
    gamma : float

    Returns
    -------
    list of K lists of K float
        Of six digits, so that a net's text shows all of them.
    """
    margins = [float(f"{gamma * weight:.6g}") for weight in weights]
    return [[0.0 if truth == label else margin for label in range(len(margins))]
            for truth, margin in enumerate(margins)]


def infogain_matrix(weights):
    """Return the matrix of Caffe's InfogainLoss that makes it a weighted softmax loss, serialised: H[k, k] = weights[k].
    """
    blob = caffe_pb2.BlobProto()
    blob.shape.dim.extend([1, 1, len(weights), len(weights)])
    blob.data.extend(np.diag(weights).ravel().tolist())
    return blob.SerializeToString()
