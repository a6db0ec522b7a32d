"""Reading the LMDB of a split: its records in their order, each verified when it is read."""

import functools
import os

import lmdb

from data_prep.errors import DataError
from data_prep.store.datum import decode_planes, planes_to_pair
from data_prep.store.lmdb_check import check_lmdb


def record_key(index, name):
    """Return the LMDB key of the record at place `index` of the shuffled order."""
    return f"{index:08d}_{name}".encode("utf-8")


class Records:
    """The records of one split, in their order; open them with `open_records`.

    Threads and forked processes may share an instance: each process opens the LMDB for itself.
    """

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        with self._environment().begin() as transaction:
            self.keys = list(transaction.cursor().iternext(values=False))
        for place, key in enumerate(self.keys):
            if not key.startswith(record_key(place, "")):
                raise DataError(f"{folder} has at place {place} the key {key!r}, so records are missing or data_prep "
                                "did not write it: remove it and run make lmdb again.")

    def __len__(self):
        return len(self.keys)

    def name(self, index):
        """Return the name of the image at place `index`."""
        return self.keys[index].decode("utf-8", "replace").partition("_")[2]

    def record(self, index):
        """Return the stored bytes at place `index`, for `datum.decode_planes`."""
        with self._environment().begin() as transaction:
            return transaction.get(self.keys[index])

    def planes(self, index):
        """Return the planes B, G, R and label at place `index`: (4, H, W) uint8, read-only.

        Raises
        ------
        DataError
            Where the record is damaged; the sentence names its key.
        """
        try:
            return decode_planes(self.record(index), self.name(index))
        except DataError as error:
            raise DataError(f"The record {self.keys[index].decode('utf-8', 'replace')} of {self.folder} can't be "
                            f"read. {error}") from None

    def __getitem__(self, index):
        """Return (image (H, W, 3) RGB, labels (H, W)) at place `index`, both uint8; raises as `planes` does."""
        return planes_to_pair(self.planes(index))

    def _environment(self):
        inode = os.stat(os.path.join(self.folder, "data.mdb")).st_ino
        return _open_environment(self.folder, inode, os.getpid())


def open_records(folder):
    """Open the LMDB of one split for reading.

    Parameters
    ----------
    folder : str
        The LMDB's folder, such as build/scenes/lmdb/train.

    Returns
    -------
    Records
        With len(), name(index), record(index), planes(index) and [index] -> (image, labels).

    Raises
    ------
    DataError
        Where there is no LMDB, it cannot be read, or it is empty.
    """
    if not os.path.isfile(os.path.join(folder, "data.mdb")):
        raise DataError(f"{folder} holds no LMDB (no data.mdb in it): make it with make lmdb DATASET=<name>.")
    check_lmdb(folder)
    try:
        records = Records(folder)
    except (lmdb.Error, OSError) as error:
        raise DataError(f"{folder} is not a readable LMDB ({error}): "
                        "remove it and run make lmdb again.") from None
    if len(records) == 0:
        raise DataError(f"{folder} is an LMDB without records: remove it and run make lmdb again.")
    return records


@functools.lru_cache(maxsize=None)
def _open_environment(folder, inode, process):
    """Open one environment per file and process: LMDB forbids a second one, and the use of one after a fork."""
    return lmdb.open(folder, readonly=True, lock=False, readahead=False, create=False, subdir=True)
