"""Intervals of differences in mean IoU, by drawing blocks of images anew with replacement (paired block bootstrap)."""

import numpy as np

from experiments.scoring.metrics import intersection_over_union

# Neighbouring frames of a film hardly differ; drawn one by one they would claim intervals that are much too narrow.
FRAMES_PER_BLOCK = 10
# Of few images the blocks are shorter, so that there are so many to draw from.
FEWEST_BLOCKS = 10


def frame_blocks(names, independent=False):
    """Number the blocks of neighbouring frames that images belong to.

    Parameters
    ----------
    names : sequence of N str
        Of the images; frames that are neighbours in a film are neighbours in the order of their names.
    independent : bool
        True for images that have nothing to do with each other: each is a block of its own.

    Returns
    -------
    (N,) int
    """
    length = 1 if independent else min(FRAMES_PER_BLOCK, max(1, len(names) // FEWEST_BLOCKS))
    blocks = np.empty(len(names), int)
    blocks[np.argsort(names, kind="stable")] = np.arange(len(names)) // length
    return blocks


def difference_interval(first, second, blocks=None, samples=2000, level=0.95, seed=0):
    """Interval of the difference in IoU over classes between two ways to label the same images.

    In each drawn set the classes that count are those of its true labels, the same for both.

    Parameters
    ----------
    first, second : (N, K, K) int
        A confusion matrix per image; both of the same images in the same order.
    blocks : (N,) int, optional
        From `frame_blocks`; images of a block are drawn together. Without it each image is drawn by itself.
    samples : int
        Number of drawn sets, each of as many blocks as there are.
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
    if blocks is not None:
        first, second = (_sums_of_blocks(confusions, blocks) for confusions in (first, second))
    count = len(first)
    times = np.random.RandomState(seed).multinomial(count, np.full(count, 1 / count), samples)
    drawn = _mean_iou(times, first) - _mean_iou(times, second)
    tail = 100 * (1 - level) / 2
    low, high = np.percentile(drawn, [tail, 100 - tail])
    whole = np.ones((1, count))
    return float(_mean_iou(whole, first) - _mean_iou(whole, second)), float(low), float(high)


def compared(first, second, confusions, blocks=None):
    """Compare two of several ways to label the same images, as a dictionary for a JSON file.

    Parameters
    ----------
    first, second : str
        Keys of `confusions`.
    confusions : mapping of str to (N, K, K) int
    blocks : (N,) int, optional
        As of `difference_interval`.

    Returns
    -------
    dict
        The keys ``first`` and ``second``; ``classes``, ``low`` and ``high`` as `difference_interval` gives them.
    """
    difference, low, high = difference_interval(confusions[first], confusions[second], blocks)
    return {"first": first, "second": second, "classes": difference, "low": low, "high": high}


def _sums_of_blocks(confusions, blocks):
    numbers, places = np.unique(blocks, return_inverse=True)
    sums = np.zeros((len(numbers), *confusions.shape[1:]), confusions.dtype)
    np.add.at(sums, places, confusions)
    return sums


def _mean_iou(times, confusions):
    """IoU over the true classes, in percent, of each row of `times`: how often each matrix is in the set."""
    count, classes, _ = confusions.shape
    sums = (times.astype(np.float64) @ confusions.reshape(count, -1).astype(np.float64)).reshape(-1, classes, classes)
    shown = sums.sum(axis=2) > 0
    ious = np.where(shown, intersection_over_union(sums), 0)
    return 100 * ious.sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
