"""Procedurally drawn street scenes: the dataset that needs no download."""

import functools

from data_prep.pairs import Entry
from data_prep.scenes.classes import CLASSES
from data_prep.scenes.scene import draw_scene

__all__ = ["CLASSES", "GENERATOR", "draw_scene", "list_entries"]

GENERATOR = 1  # version of the drawing; raise it with every change, so that scenes on disk are drawn anew


def list_entries(seed, split, count):
    """List the entries of a split's first `count` scenes."""
    return [Entry(f"{split}_{index:05d}", functools.partial(draw_scene, seed, split, index))
            for index in range(count)]
