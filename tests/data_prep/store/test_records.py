"""Records are read as they were written, and bytes or files that are damaged are named."""

import multiprocessing
import os
import shutil
import threading

import lmdb
import numpy as np
import pytest
from caffe.proto import caffe_pb2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_prep.errors import DataError
from data_prep.store.datum import decode_planes, encode_record, planes_to_pair
from data_prep.store.records import open_records, record_key
from tests.conftest import random_pair

IMAGE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
LABELS = np.array([[0, 1, 255], [2, 2, 0]], dtype=np.uint8)


@given(st.data(), st.integers(1, 9), st.integers(1, 9))
def test_round_trip(data, height, width):
    image = data.draw(arrays(np.uint8, (height, width, 3)))
    labels = data.draw(arrays(np.uint8, (height, width)))
    decoded = planes_to_pair(decode_planes(encode_record(image, labels, "é"), "é"))
    np.testing.assert_array_equal(decoded[0], image)
    np.testing.assert_array_equal(decoded[1], labels)
    for array in decoded:
        assert array.dtype == np.uint8 and array.flags.c_contiguous and array.flags.writeable


def test_the_datum_has_planes_blue_green_red_label():
    datum = caffe_pb2.Datum.FromString(encode_record(IMAGE, LABELS, "a"))
    assert (datum.channels, datum.height, datum.width) == (4, 2, 3)
    planes = [[IMAGE[y, x, channel] for y in range(2) for x in range(3)] for channel in (2, 1, 0)]
    assert list(datum.data) == sum(planes, []) + list(LABELS.ravel())
    np.testing.assert_array_equal(decode_planes(datum.SerializeToString(), "a")[3], LABELS)


@pytest.mark.parametrize("image, labels, words", [
    (IMAGE.astype(float), LABELS, "float64"),
    (IMAGE, LABELS.astype(np.int32), "int32"),
    (IMAGE[:, :, :2], LABELS, r"\(2, 3, 2\)"),
    (IMAGE, LABELS[:1], r"labels \(1, 3\) and image \(2, 3\)"),
    (IMAGE[:0], LABELS[:0], "at least one pixel"),
])
def test_arrays_that_are_no_record_are_refused(image, labels, words):
    with pytest.raises(DataError, match=words):
        encode_record(image, labels, "a")


@pytest.mark.parametrize("record, words", [
    (b"\xff\xff\xff", "not a Caffe Datum"),
    (b"", "0 planes"),
    (caffe_pb2.Datum(channels=3, height=1, width=1, data=b"abc").SerializeToString(), "3 planes, not the 4"),
    (caffe_pb2.Datum(channels=4, height=2, width=2, data=b"abc").SerializeToString(), "2 x 2 pixels .* 3 by"),
    (caffe_pb2.Datum(channels=4, height=-1, width=-1, data=b"abcd").SerializeToString(), "-1 x -1"),
    (caffe_pb2.Datum(channels=4, height=1, width=1, data=b"abcd").SerializeToString(), "no checksum, as an earlier"),
    (caffe_pb2.Datum(channels=4, height=1, width=1, data=b"abcd", label=7).SerializeToString(), "checksum does not"),
])
def test_bytes_that_are_no_record_are_refused(record, words):
    with pytest.raises(DataError, match=words):
        decode_planes(record, "a")


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data):
    record = bytearray(encode_record(IMAGE, LABELS, "a"))
    place = data.draw(st.integers(0, len(record) - 1))
    record[place] ^= data.draw(st.integers(1, 255))
    try:
        planes = decode_planes(bytes(record), "a")
    except DataError:
        return
    np.testing.assert_array_equal(planes, decode_planes(encode_record(IMAGE, LABELS, "a"), "a"))


def test_the_checksum_is_the_usual_one():
    """CRC-32 of name, height and width, as text, and the planes; computed bit by bit."""
    datum = caffe_pb2.Datum.FromString(encode_record(IMAGE, LABELS, "a"))
    remainder = 0xFFFFFFFF
    for byte in b"a 2 3 " + datum.data:
        remainder ^= byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0xEDB88320 if remainder & 1 else 0)
    assert datum.label & 0xFFFFFFFF == remainder ^ 0xFFFFFFFF


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


@pytest.mark.parametrize("pages", [2, 3, 5])
def test_a_truncated_lmdb_is_named(tmp_path, pages):
    """Reading past its end would end the process by a bus error."""
    folder = str(tmp_path)
    with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        for index in range(3):
            transaction.put(record_key(index, "large"), encode_record(*random_pair(index, 60, 80), "large"))
    os.truncate(f"{folder}/data.mdb", pages * 4096)
    with pytest.raises(DataError, match="truncated or damaged.*run make lmdb again"):
        open_records(folder)


def contents(records):
    return [(records.name(index), records.planes(index).tobytes()) for index in range(len(records))]


def test_a_bent_tree_is_named(folder):
    """Random bytes behind the two pages that describe the file lead to a sentence or leave the records as they are."""
    whole = open(f"{folder}/data.mdb", "rb").read()
    expected = contents(open_records(folder))
    generator, refused = np.random.default_rng(0), 0
    for _ in range(60):
        content = np.frombuffer(whole, np.uint8).copy()
        places = generator.integers(2 * 4096, len(whole), 40)
        content[places] = generator.integers(0, 256, 40)
        os.remove(f"{folder}/data.mdb")  # a new file: the old one may be mapped still
        content.tofile(f"{folder}/data.mdb")
        try:
            records = open_records(folder)
            read = contents(records)
        except DataError:
            refused += 1
        else:
            assert read == expected
    assert 0 < refused < 60


def test_an_lmdb_of_another_program_is_named(tmp_path):
    with lmdb.open(str(tmp_path)) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"mine", b"data")
    with pytest.raises(DataError, match="at place 0 the key b'mine'.*data_prep did not write it"):
        open_records(str(tmp_path))
