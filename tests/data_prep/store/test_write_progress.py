"""Notes of what is written: counted by hand, read back, and not taken for other entries or settings."""

import os

import numpy as np
import pytest

from data_prep.pairs import Entry
from data_prep.store.write_progress import FILE_NAME, SplitProgress, WriteProgress

SETTINGS = {"name": "camvid", "seed": 4}


@pytest.fixture
def entries(tmp_path):
    """Three entries, each of one file."""
    paths = [tmp_path / f"{name}.png" for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    return [Entry(path.stem, None, (str(path),)) for path in paths]


@pytest.fixture
def two(entries):
    """Progress after the first two entries, of 2 x 3 and 4 x 1 pixels."""
    first = SplitProgress().after(entries[0], (4, 1), np.array([1, 2, 3]))
    return first.after(entries[1], (2, 3), np.array([10, 20, 2 ** 40]))


def test_records_pixels_and_sums_are_added_up(two):
    assert (two.count, two.pixels, two.sums) == (2, 10, (11, 22, 3 + 2 ** 40))
    assert two.sizes == ((2, 3), (4, 1)) and all(type(number) is int for number in two.sums)


def test_it_fits_the_entries_that_it_was_counted_from(two, entries):
    assert two.comes_from(entries) and two.comes_from(entries[:2])
    assert not two.comes_from(entries[:1])
    assert not two.comes_from([entries[1], entries[0]])
    assert not two.comes_from([entries[0], entries[1]._replace(name="other")])
    assert SplitProgress().comes_from([])


@pytest.mark.parametrize("change", [lambda path: os.utime(path, ns=(0, 1)), lambda path: open(path, "a").write("x")])
def test_a_file_that_changed_does_not_fit(two, entries, change):
    change(entries[1].files[0])
    assert not two.comes_from(entries)


def test_what_is_noted_is_read_back(two, tmp_path):
    folder = tmp_path / "partial"
    WriteProgress(str(folder), SETTINGS).note("train", two)
    (folder / "data.mdb").touch()
    again = WriteProgress(str(folder), SETTINGS)
    assert again.get("train") == two and again.get("val") == SplitProgress() and again.records() == 2
    assert (folder / "data.mdb").exists()


@pytest.mark.parametrize("text", [None, "{", "[]", '{"settings": {"name": "camvid", "seed": 4}}',
                                  '{"settings": {"name": "camvid", "seed": 4}, "splits": {"train": {"count": 1}}}'])
def test_a_folder_without_notes_or_with_damaged_ones_is_emptied(text, tmp_path):
    (tmp_path / "partial").mkdir()
    (tmp_path / "partial" / "data.mdb").touch()
    if text is not None:
        (tmp_path / "partial" / FILE_NAME).write_text(text)
    progress = WriteProgress(str(tmp_path / "partial"), SETTINGS)
    assert progress.records() == 0 and not list((tmp_path / "partial").iterdir())


def test_records_of_other_settings_are_removed(two, tmp_path):
    WriteProgress(str(tmp_path / "partial"), SETTINGS).note("train", two)
    assert WriteProgress(str(tmp_path / "partial"), dict(SETTINGS, seed=5)).records() == 0
    assert not list((tmp_path / "partial").iterdir())
