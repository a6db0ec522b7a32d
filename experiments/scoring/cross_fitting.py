"""Cross-fitting: each half of the images is labelled in the way that is best on the other half.

What is chosen on the very images that it is scored on is favoured; what is chosen on the other half is not.
"""

import numpy as np

from experiments.scoring.metrics import scores


def halves_of(blocks):
    """Return 1 for each image in the second half of the blocks, else 0: neighbouring frames of a film stay together.

    Parameters
    ----------
    blocks : (N,) int
        From `experiments.scoring.bootstrap.frame_blocks`.

    Returns
    -------
    (N,) int
    """
    blocks = np.asarray(blocks)
    return (blocks >= (blocks.max() + 1) // 2).astype(int)


def sum_of_halves(confusions, half):
    """Add up confusion matrices (N, K, K) of images by their half; return (2, K, K)."""
    return np.stack([confusions[half == side].sum(axis=0) for side in (0, 1)])


def best_way(sums):
    """Return the key of the matrix (K, K) of the highest IoU over classes, the first of several."""
    return max(sums, key=lambda key: np.nan_to_num(_iou(sums[key])))


def crossed(sums, half, confusions_of):
    """Put together the confusion matrices of the ways that are best on the other half.

    Parameters
    ----------
    sums : mapping of key to (2, K, K) int
        Of each way to label the images, from `sum_of_halves`.
    half : (N,) int
        From `halves_of`.
    confusions_of : callable
        Returns the matrices (N, K, K) of a key.

    Returns
    -------
    confusions : (N, K, K) int
    chosen : (key, key)
        The way of the first half, which is best on the second, and that of the second, best on the first. Where one
        half has no images the other takes the first key.
    """
    chosen = tuple(best_way({key: of_halves[1 - side] for key, of_halves in sums.items()}) for side in (0, 1))
    return _joined(half, *map(confusions_of, chosen)), chosen


def cross_fitted(confusions, blocks):
    """Put together the confusion matrices of the ways that are best on the other half of the blocks.

    Parameters
    ----------
    confusions : mapping of key to (N, K, K) int
        Of each way to label the same images.
    blocks : (N,) int
        From `experiments.scoring.bootstrap.frame_blocks`.

    Returns
    -------
    confusions, chosen
        As of `crossed`.
    """
    half = halves_of(blocks)
    sums = {key: sum_of_halves(matrices, half) for key, matrices in confusions.items()}
    return crossed(sums, half, confusions.__getitem__)


def cross_fitted_counts(counts, blocks):
    """Put together all counts of the ways whose IoU is best on the other half of the blocks.

    Parameters
    ----------
    counts : mapping of key to experiments.scoring.image_counts.ImageCounts
        With an axis of images.
    blocks : (N,) int

    Returns
    -------
    counts, chosen
        As of `cross_fitted`, but counts of all kinds.
    """
    _, chosen = cross_fitted({key: of_way.confusion for key, of_way in counts.items()}, blocks)
    first, second = (counts[key] for key in chosen)
    half = halves_of(blocks)
    return first._make(_joined(half, *values) for values in zip(first, second)), chosen


def _joined(half, first, second):
    """Return the values of images: of the first half as in `first`, of the second as in `second`."""
    half = np.asarray(half).reshape(-1, *[1] * (first.ndim - 1))
    return np.where(half == 0, first, second)


def _iou(confusion):
    return scores(confusion, range(len(confusion)), range(len(confusion))).classes
