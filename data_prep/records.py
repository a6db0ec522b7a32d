"""Records of the LMDBs: a Caffe Datum of four planes B, G, R and label, and a reader of a split's folder."""

import functools
import os

import lmdb
import numpy as np
from caffe.proto import caffe_pb2
from google.protobuf.message import DecodeError

from data_prep.errors import DataError

PLANES = 4


def encode_record(image, labels):
    """Serialise an image and its labels.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
        RGB.
    labels : (H, W) uint8 array
        Training labels, 255 = void.

    Returns
    -------
    bytes
        A Datum with channels 4, height H, width W; its data are the planes B, G, R, label.

    Raises
    ------
    DataError
        Where the arrays are not uint8, empty, or differ in size.
    """
    image, labels = np.asarray(image), np.asarray(labels)
    if image.dtype != np.uint8 or labels.dtype != np.uint8:
        raise DataError("A record takes an image and labels of type uint8, "
                        f"got {image.dtype} and {labels.dtype}.")
    if image.ndim != 3 or image.shape[2] != 3:
        raise DataError(f"A record takes an image of shape (H, W, 3), got {image.shape}.")
    if labels.shape != image.shape[:2] or labels.size == 0:
        raise DataError(f"A record takes labels of the image's height and width, at least one pixel; "
                        f"got labels {labels.shape} and image {image.shape[:2]}.")
    height, width = labels.shape
    planes = np.concatenate([image[:, :, ::-1].transpose(2, 0, 1), labels[np.newaxis]])
    datum = caffe_pb2.Datum(channels=PLANES, height=height, width=width, data=planes.tobytes())
    return datum.SerializeToString()


def decode_planes(record):
    """Decode a record as it is stored, which is what a Caffe layer wants.

    Parameters
    ----------
    record : bytes
        From `encode_record`.

    Returns
    -------
    (4, H, W) uint8 array
        Planes B, G, R, label; read-only, a view of the record.

    Raises
    ------
    DataError
        Where the bytes are not such a Datum.
    """
    datum = caffe_pb2.Datum()
    try:
        datum.ParseFromString(record)
    except DecodeError as error:
        raise DataError(f"A record of {len(record)} bytes is not a Caffe Datum ({error}): "
                        "make the LMDB again.") from None
    if datum.channels != PLANES:
        raise DataError(f"A record has {datum.channels} planes, not the {PLANES} planes B, G, R and label: "
                        "make the LMDB again with data_prep.")
    shape = (PLANES, datum.height, datum.width)
    if min(shape) <= 0 or len(datum.data) != shape[0] * shape[1] * shape[2]:
        raise DataError(f"A record names {datum.width} x {datum.height} pixels in {PLANES} planes but holds "
                        f"{len(datum.data)} bytes of them: make the LMDB again.")
    return np.frombuffer(datum.data, dtype=np.uint8).reshape(shape)


def decode_record(record):
    """Decode a record.

    Parameters
    ----------
    record : bytes
        From `encode_record`.

    Returns
    -------
    image : (H, W, 3) uint8 array
        RGB.
    labels : (H, W) uint8 array
        Training labels, 255 = void.

    Raises
    ------
    DataError
        Where the bytes are not such a record.
    """
    planes = decode_planes(record)
    return np.ascontiguousarray(planes[2::-1].transpose(1, 2, 0)), planes[3].copy()


def record_key(index, name):
    """The LMDB key of the record at place `index` of the shuffled order."""
    return f"{index:08d}_{name}".encode("utf-8")


class Records:
    """The records of one split, in their order; open them with `open_records`.

    Threads and forked processes may share one: each process opens the LMDB for itself.
    """

    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        with self._environment().begin() as transaction:
            self.keys = list(transaction.cursor().iternext(values=False))

    def __len__(self):
        return len(self.keys)

    def name(self, index):
        """Name of the image at place `index`."""
        return self.keys[index].decode("utf-8").split("_", 1)[1]

    def record(self, index):
        """The stored bytes at place `index`, for `decode_planes` or `decode_record`."""
        with self._environment().begin() as transaction:
            return transaction.get(self.keys[index])

    def __getitem__(self, index):
        """(image, labels) at place `index`, as `decode_record` gives them."""
        return decode_record(self.record(index))

    def _environment(self):
        inode = os.stat(os.path.join(self.folder, "data.mdb")).st_ino
        return _open_environment(self.folder, inode, os.getpid())


def open_records(folder):
    """Open the LMDB of one split for reading.

    Parameters
    ----------
    folder : str
        Such as build/scenes/lmdb/train.

    Returns
    -------
    Records
        With len(), name(index), record(index) and [index] -> (image, labels).

    Raises
    ------
    DataError
        Where there is no LMDB, it cannot be read, or it is empty.
    """
    if not os.path.isfile(os.path.join(folder, "data.mdb")):
        raise DataError(f"{folder} holds no LMDB (no data.mdb in it): make it with make lmdb DATASET=<name>.")
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
    """One environment a file and process: LMDB forbids a second one, and one that came through a fork."""
    return lmdb.open(folder, readonly=True, lock=False, readahead=False, create=False, subdir=True)
