"""Fuzz targets for the files that data_prep writes: dataset.json, records, and the LMDB's file."""

import binascii
import json
import os
import tempfile
import warnings

import atheris
import lmdb
import numpy as np
from caffe.proto import caffe_pb2

from data_prep.errors import DataError
from data_prep.store import records
from data_prep.store.datum import decode_planes, encode_record
from data_prep.store.metadata import LabelClass, Metadata, read_metadata, write_metadata
from tests.fuzz.targets import outcome

warnings.simplefilter("ignore")  # protobuf warns of what it then reports
FOLDER = tempfile.mkdtemp(prefix="fuzz")
METADATA = Metadata("tiny", [LabelClass("sky", "sky", (1, 2, 3)), LabelClass("car", "vehicle", (4, 5, 6))], [0, 8],
                    (1.5, 2.0, 3.0), {"train": 3}, {"train": [(2, 3)]}, 7, 2)
NAME = "frame"


def check_description(data):
    """Check that a dataset.json of any content is refused, or read as the declared types."""
    with open(os.path.join(FOLDER, "dataset.json"), "wb") as stream:
        stream.write(data)
    metadata = outcome(lambda: read_metadata(FOLDER), DataError)
    if metadata is None:
        return
    numbers = [*metadata.mean_bgr, *metadata.label_ids, metadata.seed, metadata.subsampling, *metadata.splits.values()]
    assert np.isfinite(np.array(numbers, dtype=np.longdouble)).all() and len(metadata.mean_bgr) == 3
    assert len(metadata.label_ids) == len(metadata.classes) and isinstance(metadata.name, str)
    for row in metadata.classes:
        assert isinstance(row.name, str) and isinstance(row.category, str) and len(row.colour) == 3
    write_metadata(FOLDER, metadata)
    assert read_metadata(FOLDER) == metadata


def seeds_description():
    write_metadata(FOLDER, METADATA)
    with open(os.path.join(FOLDER, "dataset.json"), "rb") as stream:
        text = stream.read()
    yield text
    yield json.dumps(json.loads(text)).encode()


def check_record(data):
    """Check that a record of any bytes is refused, or is what protobuf alone and the checksum's definition give."""
    planes = outcome(lambda: decode_planes(data, NAME), DataError)
    if planes is None:
        return
    datum = caffe_pb2.Datum.FromString(data)
    assert planes.shape == (4, datum.height, datum.width) and planes.tobytes() == datum.data
    checked = f"{NAME} {datum.height} {datum.width} ".encode() + datum.data
    assert binascii.crc32(checked) == datum.label & 0xFFFFFFFF


def seeds_record():
    generator = np.random.default_rng(0)
    for height, width in ((1, 1), (2, 3), (8, 5), (12, 12)):
        yield encode_record(generator.integers(0, 256, (height, width, 3), dtype=np.uint8),
                            generator.integers(0, 20, (height, width), dtype=np.uint8), NAME)


def _write_lmdb():
    """Write an LMDB of three levels, hundreds of small records and some on own pages; return its bytes and contents."""
    generator = np.random.default_rng(1)
    folder = os.path.join(FOLDER, "whole")
    with lmdb.open(folder, map_size=1 << 24) as environment, environment.begin(write=True) as transaction:
        for index in range(260):
            size = (30, 40) if index % 50 == 0 else (2, 3)
            record = encode_record(generator.integers(0, 256, (*size, 3), dtype=np.uint8),
                                   generator.integers(0, 20, size, dtype=np.uint8), NAME)
            transaction.put(records.record_key(index, NAME), record)
    with open(os.path.join(folder, "data.mdb"), "rb") as stream:
        return stream.read(), _contents(folder)


def _contents(folder):
    opened = records.open_records(folder)
    return [(opened.name(index), opened.planes(index).tobytes()) for index in range(len(opened))]


def check_lmdb(data):
    """Check that an LMDB whose file is overwritten in places, or cut, is refused or read as it was."""
    whole, expected = _whole()
    provider, content = atheris.FuzzedDataProvider(data), bytearray(whole)
    pages = len(whole) // 4096
    for _ in range(provider.ConsumeIntInRange(1, 6)):
        page, near = provider.ConsumeIntInRange(0, pages - 1), provider.ConsumeBool()
        place = 4096 * page + provider.ConsumeIntInRange(0, 63 if near else 4095)
        some = provider.ConsumeBytes(provider.ConsumeIntInRange(1, 8))
        content[place:place + len(some)] = some
    if provider.ConsumeIntInRange(0, 9) == 0:
        del content[provider.ConsumeIntInRange(0, len(content)):]
    folder = tempfile.mkdtemp(dir=FOLDER)
    path = os.path.join(folder, "data.mdb")
    with open(path, "wb") as stream:
        stream.write(content)
    contents = outcome(lambda: _contents(folder), DataError)
    records._open_environment.cache_clear()
    os.remove(path)
    os.rmdir(folder)
    if contents is not None:
        assert contents == expected, "another content was read"


def _whole(kept=[]):
    if not kept:
        kept.append(_write_lmdb())
    return kept[0]


def seeds_lmdb():
    for first in range(40):
        yield bytes((first * number * 7 + number) % 256 for number in range(30))
