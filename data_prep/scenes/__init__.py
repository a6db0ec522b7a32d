"""Procedurally drawn street scenes: the dataset that needs no download."""

import functools

from data_prep.pairs import Entry
from data_prep.scenes.classes import CLASSES
from data_prep.scenes.scene import draw_scene

__all__ = ["CLASSES", "GENERATOR", "draw_scene", "list_entries"]

GENERATOR = 1  # to be raised with every change of what is drawn: scenes on disk are drawn anew then


def list_entries(seed, split, count):
    """Entries of the first `count` scenes of a split."""
    return [Entry(f"{split}_{index:05d}", functools.partial(draw_scene, seed, split, index))
            for index in range(count)]
