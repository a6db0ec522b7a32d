"""Fuzz target for PNG files, read as images and as labels."""

import io
import os
import tempfile
import warnings
import zlib

import numpy as np
from PIL import Image

from data_prep.errors import DataError
from data_prep.pairs import load_image, load_pair, training_labels
from tests.fuzz.targets import outcome

FOLDER = tempfile.mkdtemp(prefix="fuzz")
CLASSES = 5
TABLE = training_labels(range(CLASSES), (11,))
SIGNATURE = b"\x89PNG\r\n\x1a\n"

warnings.simplefilter("ignore")  # Pillow warns of large images
Image.MAX_IMAGE_PIXELS = 1 << 18  # Pillow refuses twice as many; up to its own limit an image takes a second


def check_png(data):
    """Check that a file is refused, or that its image and labels have the right shapes, types and values.

    The first byte decides whether it is read as an image or as the label of a good image, and whether its chunks'
    checksums are corrected, without which hardly any input would get past them.
    """
    if not data:
        return
    as_label, subsampling = data[0] & 1, 1 + (data[0] >> 1 & 1)
    content = _with_right_checksums(data[1:]) if data[0] & 4 else data[1:]
    path = os.path.join(FOLDER, "file.png")
    with open(path, "wb") as stream:
        stream.write(content)
    if as_label:
        pair = outcome(lambda: load_pair(_image_of_size(content), path, TABLE, subsampling), DataError)
    else:
        pair = outcome(lambda: load_image(path, subsampling), DataError)
    if pair is None:
        return
    image, labels = pair
    assert image.shape == (*labels.shape, 3) and image.dtype == labels.dtype == np.uint8 and labels.size > 0
    assert ((labels < CLASSES) | (labels == 255)).all()
    if content.count(b"IHDR") > 1:
        return  # Pillow goes by the last header
    width, height = int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    assert labels.shape == (-(-height // subsampling), -(-width // subsampling))
    if as_label:
        assert content[24] == 8 or content[25] == 3, "grey of fewer bits would be spread over 0 to 255"


def seeds_png():
    generator = np.random.default_rng(2)
    pictures = [Image.fromarray(generator.integers(0, CLASSES, shape, dtype=np.uint8))
                for shape in ((4, 5), (8, 6), (4, 5, 3), (3, 3, 4))]
    pictures += [pictures[0].convert(mode) for mode in ("P", "1", "LA", "I")]
    for number, picture in enumerate(pictures):
        content = io.BytesIO()
        options = {"bits": 4} if picture.mode == "P" else {}
        if number == 2:
            options["transparency"] = (1, 2, 3)
        picture.save(content, "PNG", **options)
        for first in range(8):
            yield bytes([first]) + content.getvalue()


def _image_of_size(content):
    """Return the path of a good image of the size in the label's header, or of 5 x 4 pixels if that is 0 or large."""
    size = [int.from_bytes(content[start:start + 4], "big") for start in (16, 20)]
    if not all(0 < length <= 64 for length in size):
        size = [5, 4]
    path = os.path.join(FOLDER, f"image{size[0]}x{size[1]}.png")
    if not os.path.exists(path):
        Image.new("RGB", tuple(size)).save(path)
    return path


def _with_right_checksums(content):
    """Return the file with the right checksum behind each whole chunk."""
    fixed, place = bytearray(content), len(SIGNATURE)
    while place + 12 <= len(fixed):
        end = place + 8 + int.from_bytes(fixed[place:place + 4], "big")
        if end + 4 > len(fixed):
            break
        fixed[end:end + 4] = zlib.crc32(fixed[place + 4:end]).to_bytes(4, "big")
        place = end + 4
    return bytes(fixed)
