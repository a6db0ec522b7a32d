"""Intervals of differences in mean IoU, by drawing images anew with replacement (paired bootstrap)."""

import numpy as np

from experiments.scoring.metrics import intersection_over_union


def difference_interval(first, second, samples=2000, level=0.95, seed=0):
    """Interval of the difference in IoU over classes between two ways to label the same images.

    Parameters
    ----------
    first, second : (N, K, K) int
        A confusion matrix per image; both of the same images in the same order.
    samples : int
        Number of drawn sets of N images.
    level : float
        Share of the drawn differences that the interval holds.
    seed : int
        Of the drawing.

    Returns
    -------
    difference, low, high : float
        In percent points; the difference is that of all images, first minus second.

    Raises
    ------
    ValueError
        If the shapes differ or there is no image.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape != second.shape or len(first) == 0:
        raise ValueError(f"Confusion matrices of shapes {first.shape} and {second.shape} were given; "
                         "they must be equal, with one matrix for each of at least one image.")
    images = len(first)
    times = np.random.RandomState(seed).multinomial(images, np.full(images, 1 / images), samples)
    drawn = _mean_iou(times, first) - _mean_iou(times, second)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    whole = np.ones((1, images))
    return float(_mean_iou(whole, first) - _mean_iou(whole, second)), float(low), float(high)


def compared(first, second, confusions):
    """Compare two of several ways to label the same images, as a dictionary for a JSON file.

    Parameters
    ----------
    first, second : str
        Keys of `confusions`.
    confusions : mapping of str to (N, K, K) int

    Returns
    -------
    dict
        The keys ``first`` and ``second``; ``classes``, ``low`` and ``high`` as `difference_interval` gives them.
    """
    difference, low, high = difference_interval(confusions[first], confusions[second])
    return {"first": first, "second": second, "classes": difference, "low": low, "high": high}


def _mean_iou(times, confusions):
    """IoU over classes, in percent, of each row of `times`: how often each image is in the set."""
    images, classes, _ = confusions.shape
    sums = times.astype(np.float64) @ confusions.reshape(images, -1).astype(np.float64)
    ious = intersection_over_union(sums.reshape(-1, classes, classes))
    known = ~np.isnan(ious)
    return 100 * np.where(known, ious, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
