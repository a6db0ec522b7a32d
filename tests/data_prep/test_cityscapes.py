"""Cityscapes: the official table, the layout of its folders, and faults in them."""

import os
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from data_prep import cityscapes
from data_prep.__main__ import main
from data_prep.datasets import DATASETS, list_splits
from data_prep.errors import DataError
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from tests.cityscapes_tree import frame_name, make_tree, save

COUNTS = {"train": 5, "val": 2, "test": 3}
# Train id of each label id from 0 to 33, from the published table.
TRAIN_IDS = [255, 255, 255, 255, 255, 255, 255, 0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, 6, 7, 8, 9, 10, 11, 12,
             13, 14, 15, 255, 255, 16, 17, 18]


@pytest.fixture
def root(tmp_path):
    return make_tree(tmp_path / "cityscapes", COUNTS)


def run(root, output, *more):
    return main(["--dataset", "cityscapes", "--root", str(root), "--output", str(output), *more])


COUNT = ["--count", *(f"{split}={count}" for split, count in COUNTS.items())]


def test_the_table_is_that_of_cityscapesscripts():
    package = pytest.importorskip("cityscapesscripts.helpers.labels", reason="cityscapesscripts is not installed")
    trained = sorted((label for label in package.labels if 0 <= label.trainId < 255), key=lambda label: label.trainId)
    assert [label.trainId for label in trained] == list(range(19))
    assert list(cityscapes.CLASSES.items()) == [(label.id, (label.name, label.category, label.color))
                                                for label in trained]
    assert set(cityscapes.VOID_IDS) == {label.id % 256 for label in package.labels if label.trainId in (255, -1)}


def test_label_ids_become_train_ids(root):
    save(root, "gtFine", "train", frame_name("train", 0), "gtFine_labelIds",
         np.arange(34, dtype=np.uint8).repeat(2)[np.newaxis].repeat(2, 0))
    save(root, "leftImg8bit", "train", frame_name("train", 0), "leftImg8bit", np.zeros((2, 68, 3), np.uint8))
    _, labels = cityscapes.list_entries(str(root), "train")[0].load()
    np.testing.assert_array_equal(labels, [TRAIN_IDS])


@pytest.mark.parametrize("factor, more", [(2, []), (1, ["--full-resolution"])])
def test_from_the_command_line(root, tmp_path, capsys, factor, more):
    output = tmp_path / "lmdb"
    assert run(root, output, *COUNT, *more) == 0
    metadata = read_metadata(str(output))
    assert (metadata.name, metadata.splits, metadata.subsampling) == ("cityscapes", COUNTS, factor)
    assert metadata.sizes == {split: [(12 // factor, 16 // factor)] for split in COUNTS}
    assert metadata.label_ids == [label_id for label_id, train_id in enumerate(TRAIN_IDS) if train_id < 255]
    for split in COUNTS:
        records = open_records(str(output / split))
        assert sorted(map(records.name, range(len(records)))) == sorted(
            frame_name(split, number) for number in range(COUNTS[split]))
        for index in range(len(records)):
            frame = records.name(index)
            city = frame.split("_")[0]
            image = np.asarray(Image.open(root / "leftImg8bit" / split / city / f"{frame}_leftImg8bit.png"))
            ids = np.asarray(Image.open(root / "gtFine" / split / city / f"{frame}_gtFine_labelIds.png"))
            stored, labels = records[index]
            means = image.reshape(12 // factor, factor, 16 // factor, factor, 3).mean(axis=(1, 3))
            assert np.abs(stored - means).max() <= 0.5
            expected = np.array(TRAIN_IDS)[ids[factor - 1::factor, factor - 1::factor]]
            np.testing.assert_array_equal(labels, np.full_like(labels, 255) if split == "test" else expected)


def test_another_resolution_is_not_taken_for_the_one_asked_for(root, tmp_path, capsys):
    assert run(root, tmp_path / "lmdb", *COUNT) == 0
    assert run(root, tmp_path / "lmdb", *COUNT, "--full-resolution") == 1
    assert "holds another LMDB" in capsys.readouterr().err
    assert main(["--dataset", "scenes", "--output", str(tmp_path / "x"), "--full-resolution"]) == 1
    assert "scenes has one resolution only" in capsys.readouterr().err


@pytest.mark.parametrize("split, whole", [("train", 2975), ("val", 500), ("test", 1525)])
def test_a_split_that_is_not_whole_is_named(root, tmp_path, capsys, split, whole):
    counts = [word for word in COUNT if not word.startswith(split)]
    assert run(root, tmp_path / "lmdb", *counts) == 1
    error = capsys.readouterr().err
    assert f"leftImg8bit/{split} has {COUNTS[split]} images, but the split {split} of cityscapes has {whole}" in error
    assert error.count("\n") == 1 and not (tmp_path / "lmdb").exists()


def test_the_sentence_names_what_would_do(root, tmp_path, capsys):
    assert run(root, tmp_path / "lmdb", "--count", "val=1") == 1
    suggested = re.search("with (--count [^(]*) ", capsys.readouterr().err).group(1).split()
    assert run(root, tmp_path / "lmdb", *suggested) == 0
    assert read_metadata(str(tmp_path / "lmdb")).splits == {"train": 5, "val": 1, "test": 3}


def test_whole_splits_need_no_count(root, monkeypatch):
    monkeypatch.setitem(DATASETS, "cityscapes", DATASETS["cityscapes"]._replace(splits=COUNTS))
    assert {split: len(listed) for split, listed in list_splits("cityscapes", str(root), 0, {}).items()} == COUNTS


def test_the_test_split_needs_no_labels_and_may_be_missing(root, tmp_path):
    shutil.rmtree(root / "gtFine" / "test")
    assert run(root, tmp_path / "lmdb", *COUNT) == 0
    shutil.rmtree(root / "leftImg8bit" / "test")
    assert run(root, tmp_path / "other", *COUNT[:3]) == 0
    assert read_metadata(str(tmp_path / "other")).splits == {"train": 5, "val": 2}


def cut(path):
    path.write_bytes(path.read_bytes()[:40])


@pytest.mark.parametrize("damage, kind, ending, words", [
    (os.remove, "gtFine", "gtFine_labelIds", "frankfurt_000001_000019_leftImg8bit.png has no label"),
    (os.remove, "leftImg8bit", "leftImg8bit", "frankfurt_000001_000019_gtFine_labelIds.png has no image"),
    (cut, "gtFine", "gtFine_labelIds", "frankfurt_000001_000019_gtFine_labelIds.png cannot be read"),
    (cut, "leftImg8bit", "leftImg8bit", "frankfurt_000001_000019_leftImg8bit.png cannot be read"),
])
def test_a_missing_or_damaged_file_is_named(root, tmp_path, capsys, damage, kind, ending, words):
    damage(root / kind / "val" / "frankfurt" / f"frankfurt_000001_000019_{ending}.png")
    assert run(root, tmp_path / "lmdb", *COUNT) == 1
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_folders_of_another_layout_are_named(root, tmp_path):
    with pytest.raises(DataError, match="leftImg8bit/val is not there: .* must hold leftImg8bit/ and gtFine/"):
        cityscapes.frame_images(str(tmp_path), "val")
    (tmp_path / "gtFine" / "val" / "frankfurt").mkdir(parents=True)
    with pytest.raises(DataError, match="gtFine/val holds no <city>/.*_gtFine_labelIds.png"):
        cityscapes.frame_labels(str(tmp_path), "val")
    save(root, "leftImg8bit", "val", "frankfurt_copy", "leftImg8bit", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="frankfurt_copy_leftImg8bit.png is not named <city>_<sequence>_<frame>"):
        cityscapes.frame_images(str(root), "val")
