"""The classes of the drawn scenes."""

from data_prep import cityscapes
from data_prep.scenes.classes import CLASSES, LABELS


def test_names_categories_and_colours_are_those_of_cityscapes():
    table = {entry.name: entry for entry in cityscapes.CLASSES.values()}
    assert all(table[entry.name] == entry for entry in CLASSES.values())


def test_labels_count_from_zero():
    assert list(CLASSES) == list(range(12)) and LABELS["road"] == 0 and LABELS["car"] == 11
