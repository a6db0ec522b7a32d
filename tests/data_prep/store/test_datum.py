"""Records are decoded as they were encoded, and bytes that are damaged are named."""

import numpy as np
import pytest
from caffe.proto import caffe_pb2
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from data_prep.errors import DataError
from data_prep.store.datum import decode_planes, encode_record, planes_to_pair

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
    (caffe_pb2.Datum(channels=4, height=1, width=1, data=b"abcd").SerializeToString(), "no checksum, so an earlier"),
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
