"""Procedurally drawn street scenes: the dataset that needs no download."""

import functools

from data_prep.pairs import Entry
from data_prep.scenes.classes import CLASSES
from data_prep.scenes.scene import draw_scene

__all__ = ["CLASSES", "draw_scene", "list_entries"]


def list_entries(seed, split, count):
    """Entries of the first `count` scenes of a split."""
    return [Entry(f"{split}_{index:05d}", functools.partial(draw_scene, seed, split, index))
            for index in range(count)]
