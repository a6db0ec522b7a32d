"""LMDBs are written completely or not at all, in an order that the seed fixes."""

import os
import pickle

import numpy as np
import pytest

from data_prep.datasets import DATASETS
from data_prep.errors import DataError
from data_prep.pairs import Entry
from data_prep.store import lmdb_writer
from data_prep.store.lmdb_writer import shuffled, write_dataset, write_split
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records


class Drawn:
    """A loader of a small random image; the first pixel holds the loader's number."""

    def __init__(self, number, shape=(3, 5)):
        self.number, self.shape = number, shape

    def __call__(self):
        generator = np.random.default_rng(self.number)
        image = generator.integers(0, 256, self.shape + (3,), dtype=np.uint8)
        image[0, 0] = self.number
        return image, generator.integers(0, 11, self.shape, dtype=np.uint8)


class Broken(Drawn):
    """A loader that meets a bad file."""

    def __call__(self):
        raise DataError("frame.png is bad.")


def make_entries(count, first=0):
    return [Entry(f"image_{number}", Drawn(number)) for number in range(first, first + count)]


def write(output, train=7, val=2, **more):
    entries = {"train": make_entries(train), "val": make_entries(val, first=100)}
    return write_dataset("camvid", DATASETS["camvid"], entries, 4, str(output), **more)


def test_the_order_follows_from_seed_and_split():
    numbers = list(range(50))
    order = shuffled(numbers, 0, "train")
    assert sorted(order) == numbers and order != numbers
    assert shuffled(numbers, 0, "train") == order
    assert shuffled(numbers, 1, "train") != order
    assert shuffled(numbers, 0, "val") != order


def test_the_order_is_the_same_on_every_machine():
    assert shuffled(list("abcdefgh"), 1, "train") == list("egafbdhc")


def test_records_are_the_entries_in_their_order(tmp_path):
    write(tmp_path / "lmdb")
    records = open_records(str(tmp_path / "lmdb" / "train"))
    assert [records.name(index) for index in range(7)] == [f"image_{number}" for number in range(7)]
    for index in range(7):
        for stored, expected in zip(records[index], Drawn(index)()):
            np.testing.assert_array_equal(stored, expected)
    assert len(open_records(str(tmp_path / "lmdb" / "val"))) == 2


def test_several_processes_write_the_same(tmp_path):
    for jobs in (1, 3):
        write(tmp_path / str(jobs), jobs=jobs)
    one, three = (open_records(str(tmp_path / jobs / "train")) for jobs in ("1", "3"))
    assert [one.record(index) for index in range(7)] == [three.record(index) for index in range(7)]


def test_the_mean_is_over_all_pixels_of_train(tmp_path):
    entries = {"train": [Entry("small", Drawn(1, (2, 2))), Entry("large", Drawn(2, (9, 4)))],
               "val": make_entries(1)}
    metadata = write_dataset("camvid", DATASETS["camvid"], entries, 4, str(tmp_path / "lmdb"))
    images = [entry.load()[0] for entry in entries["train"]]
    for channel, mean in zip((2, 1, 0), metadata.mean_bgr):
        values = [int(value) for image in images for value in image[:, :, channel].ravel()]
        assert mean == pytest.approx(sum(values) / len(values), abs=1e-9)
    assert metadata.sizes == {"train": [(2, 2), (9, 4)], "val": [(3, 5)]}


def test_dataset_json_tells_what_was_written(tmp_path):
    metadata = write(tmp_path / "lmdb")
    assert read_metadata(str(tmp_path / "lmdb")) == metadata
    assert (metadata.name, metadata.seed, metadata.subsampling, metadata.void) == ("camvid", 4, 1, 255)
    assert metadata.splits == {"train": 7, "val": 2}
    assert metadata.classes == list(DATASETS["camvid"].classes.values())
    assert metadata.label_ids == list(range(11))


def test_the_map_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(lmdb_writer, "FIRST_MAP_SIZE", 1 << 16)
    entries = [Entry(f"image_{number}", Drawn(number, (60, 80))) for number in range(150)]
    write_split(str(tmp_path / "train"), entries, "train")
    records = open_records(str(tmp_path / "train"))
    assert len(records) == 150 and os.path.getsize(tmp_path / "train" / "data.mdb") > 1 << 21
    np.testing.assert_array_equal(records[149][0], Drawn(149, (60, 80))()[0])


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bad_image_leaves_nothing(tmp_path, jobs):
    entries = {"train": make_entries(5), "val": make_entries(3) + [Entry("bad", Broken(0))]}
    with pytest.raises(DataError, match="frame.png is bad"):
        write_dataset("camvid", DATASETS["camvid"], entries, 4, str(tmp_path / "lmdb"), jobs)
    assert os.listdir(tmp_path) == []


def test_a_failure_leaves_what_was_there_before(tmp_path):
    write(tmp_path / "lmdb")
    entries = {"train": [Entry("bad", Broken(0))], "val": make_entries(1)}
    with pytest.raises(DataError):
        write_dataset("camvid", DATASETS["camvid"], entries, 4, str(tmp_path / "lmdb"))
    assert os.listdir(tmp_path) == ["lmdb"] and len(open_records(str(tmp_path / "lmdb" / "train"))) == 7


def test_a_new_lmdb_takes_the_place_of_the_old(tmp_path):
    write(tmp_path / "lmdb")
    write(tmp_path / "lmdb", train=3)
    assert os.listdir(tmp_path) == ["lmdb"] and len(open_records(str(tmp_path / "lmdb" / "train"))) == 3


def test_an_early_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(folder, metadata):
        assert sorted(os.listdir(folder)) == ["progress.json", "train", "val"]
        raise KeyboardInterrupt
    monkeypatch.setattr(lmdb_writer, "write_metadata", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path / "lmdb")
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_is_cleared(tmp_path):
    (tmp_path / "lmdb.partial").mkdir()
    (tmp_path / "lmdb.partial" / "rubbish").write_text("half")
    write(tmp_path / "lmdb")
    assert os.listdir(tmp_path) == ["lmdb"]
    assert sorted(os.listdir(tmp_path / "lmdb")) == ["dataset.json", "train", "val"]


class Counted(Drawn):
    """A loader that notes each call in a file; number 13 is bad as long as a file `bad` exists."""

    def __init__(self, number, folder):
        super().__init__(number)
        self.folder = folder

    def __call__(self):
        with open(self.folder / "calls", "a") as calls:
            calls.write(f"{self.number}\n")
        if (self.folder / "bad").exists() and self.number == 13:
            raise DataError("frame 13 is bad.")
        return super().__call__()


@pytest.fixture
def interrupted(tmp_path, monkeypatch):
    """An LMDB of entries with files, of which two batches of five are written and noted, as number 13 is bad."""
    monkeypatch.setattr(lmdb_writer, "RECORDS_PER_TRANSACTION", 5)
    (tmp_path / "files").mkdir()
    for number in range(25):
        (tmp_path / "files" / str(number)).write_text(str(number))
    (tmp_path / "bad").touch()
    with pytest.raises(DataError, match="frame 13"):
        write_counted(tmp_path)
    assert not (tmp_path / "lmdb").exists() and (tmp_path / "lmdb.partial").exists()
    (tmp_path / "bad").unlink()
    return tmp_path


def write_counted(folder, seed=4, count=20):
    """Write an LMDB of `count` and 5 images; return the numbers of the images that were loaded for it."""
    (folder / "calls").write_text("")
    entries = [Entry(f"image_{number}", Counted(number, folder), (str(folder / "files" / str(number)),))
               for number in range(25)]
    write_dataset("camvid", DATASETS["camvid"], {"train": entries[:count], "val": entries[20:]}, seed,
                  str(folder / "lmdb"), jobs=2)
    return sorted(map(int, (folder / "calls").read_text().split()))


def assert_whole(folder, count=20, seed=4):
    """Compare with an LMDB that was written without an interruption."""
    entries = {"train": make_entries(count), "val": make_entries(5, first=20)}
    expected = write_dataset("camvid", DATASETS["camvid"], entries, seed, str(folder / "unbroken"))
    assert read_metadata(str(folder / "lmdb")) == expected
    assert sorted(os.listdir(folder / "lmdb")) == ["dataset.json", "train", "val"]
    for split in ("train", "val"):
        resumed, unbroken = open_records(str(folder / "lmdb" / split)), open_records(str(folder / "unbroken" / split))
        assert resumed.keys == unbroken.keys
        assert [resumed.record(index) for index in range(len(resumed))] == [
            unbroken.record(index) for index in range(len(unbroken))]
        assert os.listdir(folder / "lmdb" / split) == ["data.mdb"]
    assert not (folder / "lmdb.partial").exists()


def test_what_is_done_is_not_done_again(interrupted, capsys):
    assert write_counted(interrupted) == list(range(10, 25))
    assert "train: goes on after 10 of 20 images" in capsys.readouterr().out
    assert_whole(interrupted)


def test_a_finished_split_is_not_read_again(interrupted, monkeypatch):
    def interrupt(folder, metadata):
        raise KeyboardInterrupt
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(lmdb_writer, "write_metadata", interrupt)
        write_counted(interrupted)
    assert write_counted(interrupted) == []
    assert_whole(interrupted)


def test_records_that_were_not_noted_are_written_anew(interrupted, monkeypatch):
    def interrupt(self, split, progress):
        raise KeyboardInterrupt
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(lmdb_writer.WriteProgress, "note", interrupt)
        write_counted(interrupted)
    assert len(open_records(str(interrupted / "lmdb.partial" / "train"))) == 15
    assert write_counted(interrupted) == list(range(10, 25))
    assert_whole(interrupted)


def test_a_smaller_or_larger_count_goes_on_too(interrupted):
    assert write_counted(interrupted, count=15) == list(range(10, 15)) + list(range(20, 25))
    assert_whole(interrupted, count=15)


@pytest.mark.parametrize("change", [
    lambda folder: (folder / "files" / "3").write_text("other"),
    lambda folder: os.utime(folder / "files" / "9", ns=(0, 12345)),
    lambda folder: (folder / "lmdb.partial" / "progress.json").write_text("half a fi"),
    lambda folder: (folder / "lmdb.partial" / "progress.json").unlink(),
    lambda folder: (folder / "lmdb.partial" / "train" / "data.mdb").unlink(),
    lambda folder: (folder / "lmdb.partial" / "train" / "data.mdb").write_bytes(b"x" * 9000),
])
def test_what_came_from_other_files_or_is_damaged_is_done_again(interrupted, change):
    change(interrupted)
    assert write_counted(interrupted) == list(range(25))
    assert_whole(interrupted)


def test_what_was_made_with_other_settings_is_done_again(interrupted):
    assert write_counted(interrupted, seed=5) == list(range(25))
    assert_whole(interrupted, seed=5)


def test_fewer_images_than_are_written_are_written_anew(interrupted):
    assert write_counted(interrupted, count=8) == list(range(8)) + list(range(20, 25))
    assert_whole(interrupted, count=8)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="file/lmdb cannot be written .*Not a directory.*: choose a folder"):
        write(tmp_path / "file" / "lmdb")


def test_a_full_disk_is_named_and_left_clean(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(lmdb_writer, "_put", full)
    with pytest.raises(DataError, match="No space left on device"):
        write(tmp_path / "lmdb")
    assert os.listdir(tmp_path) == []


def test_entries_can_be_sent_to_other_processes(camvid_root):
    for entries in (DATASETS["camvid"].list_entries(str(camvid_root), "val"),
                    DATASETS["scenes"].list_entries(0, "val", 2)):
        for sent, entry in zip(pickle.loads(pickle.dumps(entries)), entries):
            assert sent.name == entry.name
            np.testing.assert_array_equal(sent.load()[1], entry.load()[1])
