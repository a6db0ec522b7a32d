"""Counts of a labelled image that add up over images, and the scores of edges that follow from them."""

from typing import NamedTuple

import numpy as np

from data_prep.store.metadata import VOID
from experiments.scoring.edges import aligned_share, edge_band, edge_lengths
from experiments.scoring.metrics import confusion_matrix, scores_of


class ImageCounts(NamedTuple):
    """Counts of one labelling of an image, or, with further axes first, of several.

    Attributes
    ----------
    confusion : (..., K, K) int64
    band : (..., K, K) int64
        The same in the band around the true edges alone (`experiments.scoring.edges.edge_band`).
    edges, true_edges : (..., 2) int64
        Of the labels and of the truth, as from `experiments.scoring.edges.edge_lengths`; sides of pixels whose truth
        is void count for neither.
    """

    confusion: np.ndarray
    band: np.ndarray
    edges: np.ndarray
    true_edges: np.ndarray


class ImageCounter:
    """Counts labellings of one image.

    Parameters
    ----------
    truth : (H, W) uint8
        True labels.
    classes : int
        Number of classes in the class table.
    void : int
        Label of pixels without truth.
    """

    def __init__(self, truth, classes, void=VOID):
        self._truth, self._classes, self._void = truth, classes, void
        self._labelled = truth != void
        self._band = edge_band(truth, void)
        self._true_edges = edge_lengths(truth, self._labelled)

    def __call__(self, labels):
        """Return the `ImageCounts` of labels (H, W); a ValueError where one is no class."""
        band = self._band
        return ImageCounts(confusion_matrix(self._truth, labels, self._classes, self._void),
                           confusion_matrix(self._truth[band], labels[band], self._classes, self._void),
                           edge_lengths(labels, self._labelled), self._true_edges)


def stacked(counts):
    """Return the `ImageCounts` of a sequence of them, along a new first axis."""
    return ImageCounts(*map(np.stack, zip(*counts)))


def edge_scores(counts, classes):
    """Score the edges of a labelling of several images.

    Parameters
    ----------
    counts : ImageCounts
        With an axis of images.
    classes : sequence of K data_prep.store.metadata.LabelClass

    Returns
    -------
    dict
        In percent, None where there is nothing to score: ``band``, IoU over classes within 3 pixels of the true
        edges; ``axis_aligned``, the share of the labels' edges in straight axis-parallel runs of at least 8 pixels,
        and ``axis_aligned_truth``, that of the truth's.
    """
    values = {"band": scores_of(counts.band, classes).classes,
              "axis_aligned": float(aligned_share(counts.edges.sum(axis=0))),
              "axis_aligned_truth": float(aligned_share(counts.true_edges.sum(axis=0)))}
    return {key: None if np.isnan(value) else value for key, value in values.items()}
