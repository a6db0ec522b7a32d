"""Edges between labels: the share of their length that is aligned with the grid, and the band around the true ones."""

import numpy as np
from scipy.ndimage import maximum_filter, minimum_filter

from data_prep.store.metadata import VOID

# Pixels. A straight boundary at another angle is a staircase on the grid, whose steps are this long only within
# about 7 degrees of an axis.
STRAIGHT = 8
# Pixels on either side of a true edge.
BAND = 3
LEGEND = (f"IoU at edges: IoU over classes within {BAND} pixels of the true edges. Edges aligned: the share of the "
          f"labels' edges in straight axis-parallel runs of at least {STRAIGHT} pixels.")


def edge_lengths(labels, counted, straight=STRAIGHT):
    """Length of the boundaries between labels, and of their axis-parallel runs.

    Boundaries are traced along the sides of pixels: two neighbours in a row or column with different labels have a
    boundary of length 1 between them. A run is a straight sequence of these with the same label on each side.

    Parameters
    ----------
    labels : (H, W) int
    counted : (H, W) bool
        Sides of pixels that do not count are no boundary, and end a run.
    straight : int
        Least length of a run that is counted as axis-parallel.

    Returns
    -------
    (2,) int64
        The length in axis-parallel runs, and that of all boundaries. Those of several images add up.
    """
    runs = np.concatenate([_runs(labels, counted), _runs(labels.T, counted.T)])
    return np.array([runs[runs >= straight].sum(), runs.sum()], np.int64)


def _runs(labels, counted):
    """Return the lengths of the runs along axis 1, on the sides between pixels above and below each other."""
    above, below = labels[:-1], labels[1:]
    places = np.flatnonzero((above != below) & counted[:-1] & counted[1:])
    above, below = above.ravel()[places], below.ravel()[places]
    moved = (np.diff(places) != 1) | (places[1:] % labels.shape[1] == 0)
    begins = moved | (above[1:] != above[:-1]) | (below[1:] != below[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(places)), bool), begins]))
    return np.diff(np.append(starts, len(places)))


def aligned_share(lengths):
    """Share of the boundaries' length in axis-parallel runs in percent, NaN without boundaries.

    Parameters
    ----------
    lengths : (..., 2) int
        From `edge_lengths`, added up over all images.
    """
    aligned, whole = np.moveaxis(np.asarray(lengths), -1, 0)
    return np.divide(100 * aligned, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def edge_band(truth, void=VOID, width=BAND):
    """Band of pixels around the edges of the true labels.

    Parameters
    ----------
    truth : (H, W) int
    void : int
        Label of pixels without truth. They are not in the band, but edges across a line of them count.
    width : int
        A labelled pixel is in the band where a pixel of another class is at most so many rows and columns away: so
        many pixels on either side of a straight edge.

    Returns
    -------
    (H, W) bool
    """
    labelled, size = truth != void, 2 * width + 1
    # No label is below 0 or above its type's largest value, so void pixels change neither.
    largest = maximum_filter(np.where(labelled, truth, truth.dtype.type(0)), size, mode="nearest")
    least = minimum_filter(np.where(labelled, truth, truth.dtype.type(np.iinfo(truth.dtype).max)), size, mode="nearest")
    return labelled & (least < largest)
