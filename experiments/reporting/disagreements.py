"""Regions to enlarge: where two labellings differ most and one of them is right."""

from typing import NamedTuple

import numpy as np


class Region(NamedTuple):
    """A square part of one of several images.

    Attributes
    ----------
    image : int
        Index of the image.
    top, left, side : int
        In pixels.
    """

    image: int
    top: int
    left: int
    side: int

    def cut(self, raster):
        """Return the region's part of an (H, W, ...) array."""
        return raster[self.top:self.top + self.side, self.left:self.left + self.side]


def choose_regions(truths, firsts, seconds, count, side, most_an_image=2, void=255):
    """Choose the regions with the most pixels that exactly one of two labellings labels right.

    Parameters
    ----------
    truths, firsts, seconds : sequences of (H, W) integer
        For each image its true labels, 255 where void, and the two labellings.
    count : int
        Number of regions wanted.
    side : int
        Side of the square regions in pixels; cut to the size of smaller images.
    most_an_image : int
        At most so many regions lie in one image.
    void : int

    Returns
    -------
    list of Region
        At most `count`, the one with the most such pixels first; those of one image do not overlap. Fewer
        where the labellings do not differ in so many places.
    """
    candidates = []
    for index, (truth, first, second) in enumerate(zip(truths, firsts, seconds)):
        decided = ((first == truth) != (second == truth)) & (truth != void)
        candidates += _regions_of_image(index, decided, min(side, *truth.shape), most_an_image)
    candidates.sort(key=lambda candidate: -candidate[0])
    return [region for _, region in candidates[:count]]


def _regions_of_image(index, decided, side, most):
    """Return up to `most` pairs (pixels, Region), greedily: the fullest window that overlaps none before."""
    candidates = []
    free = np.ones(tuple(length - side + 1 for length in decided.shape), bool)
    pixels = _window_sums(decided, side)
    for _ in range(most):
        top, left = np.unravel_index(np.argmax(np.where(free, pixels, 0)), free.shape)
        if not (free[top, left] and pixels[top, left]):
            break
        candidates.append((int(pixels[top, left]), Region(index, int(top), int(left), side)))
        free[max(0, top - side + 1):top + side, max(0, left - side + 1):left + side] = False
    return candidates


def _window_sums(mask, side):
    """Return the number of true pixels in each side x side window, from an integral image."""
    sums = np.pad(mask.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
