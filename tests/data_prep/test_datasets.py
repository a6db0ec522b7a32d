"""The table of datasets, and the splits that are listed from it."""

import os

import pytest

from data_prep.datasets import DATASETS, list_splits
from data_prep.errors import DataError

CITYSCAPES_CATEGORIES = {"flat", "construction", "object", "nature", "sky", "human", "vehicle"}


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_class_tables_are_consistent(name):
    classes = DATASETS[name].classes
    assert len(classes) >= 11
    for field in ("name", "colour"):
        values = [getattr(entry, field) for entry in classes.values()]
        assert len(set(values)) == len(values), field
    assert {entry.category for entry in classes.values()} == CITYSCAPES_CATEGORIES
    assert all(0 <= label_id < 255 for label_id in classes)
    for entry in classes.values():
        assert len(entry.colour) == 3 and all(0 <= channel <= 255 for channel in entry.colour)


def test_the_test_split_is_made_where_it_is_there(camvid_root):
    assert list(list_splits("camvid", str(camvid_root), 0, {})) == ["train", "val"]
    os.rename(camvid_root / "val", camvid_root / "test")
    os.rename(camvid_root / "valannot", camvid_root / "testannot")
    (camvid_root / "val").mkdir()
    with pytest.raises(DataError, match="val holds no .png"):
        list_splits("camvid", str(camvid_root), 0, {})


@pytest.mark.parametrize("name, root, counts, words", [
    ("camvid", "", {}, "CAMVID=<folder> to make"),
    ("camvid", "nowhere", {}, "nowhere is not a folder: .*CAMVID="),
    ("scenes", "somewhere", {}, "leave out --root"),
    ("scenes", "", {"test": 3}, "no split 'test': its splits are train, val"),
])
def test_what_cannot_be_listed_is_named(name, root, counts, words):
    with pytest.raises(DataError, match=words):
        list_splits(name, root, 0, counts)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(DataError, match="is empty: .*CAMVID="):
        list_splits("camvid", str(tmp_path), 0, {})


def test_more_images_than_there_are_cannot_be_had(camvid_root):
    with pytest.raises(DataError, match="has 5 images in split train, 6 were asked for"):
        list_splits("camvid", str(camvid_root), 0, {"train": 6})
    with pytest.raises(DataError, match="has 0 images in split test, 1 were asked for"):
        list_splits("camvid", str(camvid_root), 0, {"test": 1})
