"""LMDBs that would crash the process that reads them are refused, and whole ones are not."""

import os
import signal

import lmdb
import numpy as np
import pytest

from data_prep.errors import DataError
from data_prep.store import lmdb_check
from data_prep.store.datum import encode_record
from data_prep.store.lmdb_check import check_lmdb
from data_prep.store.records import open_records, record_key
from tests.conftest import random_pair


@pytest.fixture
def folder(tmp_path):
    """An LMDB of three records."""
    folder = str(tmp_path / "train")
    with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        for index in range(3):
            transaction.put(record_key(index, "small"), encode_record(*random_pair(index, 2, 3), "small"))
    return folder


def test_a_whole_lmdb_passes(folder):
    check_lmdb(folder)


@pytest.mark.parametrize("end", [lambda: os.kill(os.getpid(), signal.SIGBUS), lambda: 1 / 0, lambda: False],
                         ids=["crash", "exception", "damage"])
def test_however_the_reading_process_ends_this_one_goes_on(folder, monkeypatch, capfd, end):
    monkeypatch.setattr(lmdb_check, "_visit", lambda folder: end())
    with pytest.raises(DataError, match="train is not a readable LMDB"):
        check_lmdb(folder)
    assert capfd.readouterr() == ("", "")


def test_a_record_without_bytes_is_refused(folder):
    with lmdb.open(folder) as environment, environment.begin(write=True) as transaction:
        transaction.put(record_key(3, "empty"), b"")
    with pytest.raises(DataError):
        check_lmdb(folder)


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
