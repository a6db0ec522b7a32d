"""LMDBs: complete or not at all, in an order that the seed fixes."""

import os
import pickle

import numpy as np
import pytest

from data_prep import lmdb_writer
from data_prep.datasets import DATASETS
from data_prep.errors import DataError
from data_prep.lmdb_writer import shuffled, write_dataset, write_split
from data_prep.metadata import read_metadata
from data_prep.pairs import Entry
from data_prep.records import open_records


class Drawn:
    """A loader of a small random image; its first pixel is the number it was made with."""

    def __init__(self, number, shape=(3, 5)):
        self.number, self.shape = number, shape

    def __call__(self):
        generator = np.random.default_rng(self.number)
        image = generator.integers(0, 256, self.shape + (3,), dtype=np.uint8)
        image[0, 0] = self.number
        return image, generator.integers(0, 11, self.shape, dtype=np.uint8)


class Broken(Drawn):
    """A loader of a file that is bad."""

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
        for found, expected in zip(records[index], Drawn(index)()):
            np.testing.assert_array_equal(found, expected)
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
    assert (metadata.name, metadata.seed, metadata.subsampling, metadata.void) == ("camvid", 4, 2, 255)
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


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(folder, metadata):
        assert sorted(os.listdir(folder)) == ["train", "val"]
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
