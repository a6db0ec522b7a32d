"""Records of the LMDBs: a Caffe Datum of four planes B, G, R and label with a checksum."""

import zlib

import numpy as np
from caffe.proto import caffe_pb2
from google.protobuf.message import DecodeError

from data_prep.errors import DataError

PLANES = 4


def encode_record(image, labels, name):
    """Serialise an image and its labels.

    Parameters
    ----------
    image : (H, W, 3) uint8 array
        RGB.
    labels : (H, W) uint8 array
        Training labels, 255 = void.
    name : str
        The image's name.

    Returns
    -------
    bytes
        A Datum with channels 4, height H and width W, whose data are the planes B, G, R, label. The Datum's own field
        `label`, which has no other use here, is a CRC-32 of name, height, width and data.

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
    datum.label = _checksum(datum, name)
    return datum.SerializeToString()


def _checksum(datum, name):
    """Return the CRC-32 of name, height, width and data as a signed 32-bit integer, the type of a Datum's label."""
    checksum = zlib.crc32(datum.data, zlib.crc32(f"{name} {datum.height} {datum.width} ".encode("utf-8")))
    return checksum - (checksum >> 31 << 32)


def decode_planes(record, name):
    """Decode a record to its planes, in the order that a Caffe layer takes.

    Parameters
    ----------
    record : bytes
        From `encode_record`.
    name : str
        The image's name, as the record's key has it.

    Returns
    -------
    (4, H, W) uint8 array
        Planes B, G, R, label; read-only, a view of the record.

    Raises
    ------
    DataError
        Where the bytes are not a Datum of four planes, or the checksum does not fit.
    """
    datum = caffe_pb2.Datum()
    try:
        if datum.ParseFromString(record) != len(record):
            raise DecodeError("Error parsing message")
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
    if not datum.HasField("label"):
        raise DataError("A record has no checksum, so an earlier version of data_prep wrote it: make the LMDB again.")
    if datum.label != _checksum(datum, name):
        raise DataError("A record's checksum does not fit its name and pixels, so it is damaged: make the LMDB again.")
    return np.frombuffer(datum.data, dtype=np.uint8).reshape(shape)


def planes_to_pair(planes):
    """Copy planes B, G, R and label (4, H, W) into an RGB image (H, W, 3) and labels (H, W)."""
    return np.ascontiguousarray(planes[2::-1].transpose(1, 2, 0)), planes[3].copy()
