"""Records are read in order, by threads and processes, and what is no LMDB of data_prep is named."""

import multiprocessing
import shutil
import threading

import lmdb
import numpy as np
import pytest

from data_prep.errors import DataError
from data_prep.store.datum import encode_record
from data_prep.store.records import open_records, record_key

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
LABELS = np.array([[0, 1, 255], [2, 2, 0]], dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    """An LMDB of three records; the red value tells them apart."""
    folder = str(tmp_path / "train")
    with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        for index, name in enumerate(("b_1", "a_2", "c")):
            transaction.put(record_key(index, name), encode_record(IMAGE + np.uint8(index), LABELS, name))
    return folder


def test_records_come_in_the_order_of_their_keys(folder):
    records = open_records(folder)
    assert len(records) == 3
    assert records.keys == [b"00000000_b_1", b"00000001_a_2", b"00000002_c"]
    assert [records.name(index) for index in range(3)] == ["b_1", "a_2", "c"]
    for index in range(3):
        np.testing.assert_array_equal(records[index][0], IMAGE + np.uint8(index))
        np.testing.assert_array_equal(records[index][1], LABELS)
    with pytest.raises(IndexError):
        records.record(3)


def test_one_lmdb_may_be_open_twice_in_a_process_and_read_by_threads(folder):
    first, second = open_records(folder), open_records(folder)
    seen = []

    def read():
        seen.extend(first.record(index) == second.record(index) for index in range(3))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 12


def test_a_forked_process_reads_on(folder):
    records = open_records(folder)
    expected = records.record(1)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.map(records.record, [1, 1]) == [expected] * 2


def test_a_folder_made_anew_is_read_anew(folder):
    open_records(folder).record(0)
    shutil.rmtree(folder)
    with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        transaction.put(record_key(0, "new"), encode_record(IMAGE + np.uint8(9), LABELS, "new"))
    assert open_records(folder)[0][0][0, 0, 0] == 9


def test_a_folder_without_lmdb_is_named(tmp_path):
    with pytest.raises(DataError, match="holds no LMDB.*make lmdb"):
        open_records(str(tmp_path))


def test_a_damaged_or_empty_lmdb_is_named(tmp_path):
    (tmp_path / "data.mdb").write_bytes(b"x" * 10000)
    with pytest.raises(DataError, match="not a readable LMDB"):
        open_records(str(tmp_path))
    lmdb.open(str(tmp_path / "empty")).close()
    with pytest.raises(DataError, match="without records"):
        open_records(str(tmp_path / "empty"))


def test_a_corrupt_record_is_named_by_its_key(folder):
    place = encode_record(IMAGE + np.uint8(1), LABELS, "a_2")
    content = bytearray(open(f"{folder}/data.mdb", "rb").read())
    content[content.index(place) + 12] ^= 1
    with open(f"{folder}/data.mdb", "wb") as stream:
        stream.write(content)
    records = open_records(folder)
    for read in (records.planes, records.__getitem__):
        with pytest.raises(DataError, match="record 00000001_a_2 of .*train can't be read.*checksum does not fit"):
            read(1)
    np.testing.assert_array_equal(records[0][0], IMAGE)
    np.testing.assert_array_equal(records[2][0], IMAGE + np.uint8(2))


def test_an_lmdb_of_another_program_is_named(tmp_path):
    with lmdb.open(str(tmp_path)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"mine", b"data")
    with pytest.raises(DataError, match="at place 0 the key b'mine'.*data_prep did not write it"):
        open_records(str(tmp_path))
