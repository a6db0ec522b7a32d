"""Images and labels are read from files, and files that are wrong are named."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data_prep import camvid
from data_prep.errors import DataError
from data_prep.pairs import subsample_labels, training_labels


def entries(root, split="train", subsampling=1):
    return camvid.list_entries(str(root), split, subsampling)


def test_entries_are_sorted_by_name(camvid_root):
    assert [entry.name for entry in entries(camvid_root)] == [f"frame_{number}" for number in range(5)]


def test_an_image_is_averaged_and_its_label_sampled(camvid_root):
    image = np.asarray(Image.open(camvid_root / "train" / "frame_2.png")).astype(float)
    labels = np.asarray(Image.open(camvid_root / "trainannot" / "frame_2.png"))
    small_image, small_labels = entries(camvid_root, subsampling=2)[2].load()
    assert small_image.shape == (4, 6, 3) and small_labels.shape == (4, 6)
    for y in range(4):
        for x in range(6):
            mean = image[2 * y:2 * y + 2, 2 * x:2 * x + 2].mean(axis=(0, 1))
            assert np.all(np.abs(small_image[y, x] - mean) <= 0.5)
            sample = labels[2 * y + 1, 2 * x + 1]
            assert small_labels[y, x] == (255 if sample == 11 else sample)


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 4))
def test_subsampled_labels_are_pixels_of_their_square_and_fit_the_image(height, width, factor):
    where = np.arange(height * width).reshape(height, width)
    small = subsample_labels(where, factor)
    assert small.shape == Image.new("RGB", (width, height)).reduce(factor).size[::-1]
    rows, columns = np.divmod(small, width)
    np.testing.assert_array_equal(rows // factor, np.arange(small.shape[0])[:, np.newaxis] + 0 * rows)
    np.testing.assert_array_equal(columns // factor, np.arange(small.shape[1])[np.newaxis] + 0 * columns)


def test_training_labels_follow_the_order_of_the_table():
    table = training_labels([7, 8, 11], void_ids=(0, 255))
    assert {value: table[value] for value in (7, 8, 11, 0, 255)} == {7: 0, 8: 1, 11: 2, 0: 255, 255: 255}
    assert np.count_nonzero(table == -1) == 256 - 5


def test_a_palette_image_is_read_by_its_numbers(camvid_root):
    path = camvid_root / "trainannot" / "frame_0.png"
    values = np.asarray(Image.open(path))
    picture = Image.fromarray(values, mode="P")
    picture.putpalette(list(range(255, -1, -1)) * 3)
    picture.save(path)
    np.testing.assert_array_equal(entries(camvid_root)[0].load()[1], np.where(values == 11, 255, values))


def test_an_image_without_its_label_is_named(camvid_root):
    (camvid_root / "trainannot" / "frame_1.png").unlink()
    with pytest.raises(DataError, match=r"train/frame_1.png has no label.*\(1 such"):
        entries(camvid_root)


def test_a_label_without_its_image_is_named(camvid_root):
    for number in (3, 4):
        (camvid_root / "train" / f"frame_{number}.png").unlink()
    with pytest.raises(DataError, match=r"trainannot/frame_3.png has no image.*\(2 such"):
        entries(camvid_root)


def test_a_missing_or_empty_folder_is_named(camvid_root):
    for path in (camvid_root / "valannot").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="valannot holds no .png file"):
        entries(camvid_root, "val")
    (camvid_root / "valannot").rmdir()
    with pytest.raises(DataError, match="valannot is not there"):
        entries(camvid_root, "val")


def save_labels(root, values):
    Image.fromarray(values).save(root / "trainannot" / "frame_0.png")


@pytest.mark.parametrize("values, words", [
    (np.where(np.eye(8, 12), 12, 3).astype(np.uint8),
     "trainannot/frame_0.png has the label value 12,.*allowed are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"),
    (np.full((8, 12), 255, np.uint8), "label value 255"),
    (np.zeros((4, 12), np.uint8), "frame_0.png has 12 x 8 pixels but its label .*frame_0.png has 12 x 4"),
    (np.zeros((8, 12, 3), np.uint8), "mode RGB: .* one channel"),
    (np.zeros((8, 12), bool), "mode 1: .* one channel"),
    (np.full((8, 12), 11, np.uint8), "no labelled pixel"),
])
def test_bad_labels_are_named(camvid_root, values, words):
    save_labels(camvid_root, values)
    with pytest.raises(DataError, match=words):
        entries(camvid_root)[0].load()


def test_a_value_that_subsampling_would_skip_is_named(camvid_root):
    values = np.zeros((8, 12), np.uint8)
    values[0, 0] = 77
    save_labels(camvid_root, values)
    with pytest.raises(DataError, match="label value 77"):
        entries(camvid_root)[0].load()


@pytest.mark.parametrize("folder", ["train", "trainannot"])
def test_a_png_with_a_flipped_bit_is_named(camvid_root, folder):
    path = camvid_root / folder / "frame_0.png"
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 30] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{folder}/frame_0.png cannot be read as an image"):
        entries(camvid_root)[0].load()


@pytest.mark.parametrize("folder", ["train", "trainannot"])
@pytest.mark.parametrize("keep", [0, 4, 60, -20])
def test_a_damaged_png_is_named(camvid_root, folder, keep):
    path = camvid_root / folder / "frame_0.png"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DataError, match=f"{folder}/frame_0.png cannot be read as an image"):
        entries(camvid_root)[0].load()


GREY, COLOURS = 0, 2


def write_png(path, width, height, bits, row, kind_of_pixels=GREY):
    """Write a PNG of equal rows of numbers with `bits` each, which Pillow cannot write."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    header = struct.pack(">IIBBBBB", width, height, bits, kind_of_pixels, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
                     + chunk(b"IDAT", zlib.compress((b"\0" + row) * height)) + chunk(b"IEND", b""))


@pytest.mark.parametrize("bits, row", [(4, b"\x01" * 6), (2, b"\x01" * 3), (16, b"\0\x01" * 12)])
def test_labels_of_other_than_8_bits_are_refused(camvid_root, bits, row):
    """Pillow spreads numbers of 4 bits over 0 to 255, so that 1 becomes 17."""
    write_png(camvid_root / "trainannot" / "frame_0.png", 12, 8, bits, row)
    with pytest.raises(DataError, match=f"frame_0.png has mode .*{bits}B?: a label image must have one channel of 8"):
        entries(camvid_root)[0].load()


@pytest.mark.parametrize("kind_of_pixels, row", [(GREY, b"\x12\x34" * 12), (COLOURS, b"\x12\x34" * 36)])
def test_images_of_more_than_8_bits_are_refused(camvid_root, kind_of_pixels, row):
    """Pillow cuts grey values off at 255, and keeps the upper half of others."""
    write_png(camvid_root / "train" / "frame_0.png", 12, 8, 16, row, kind_of_pixels)
    with pytest.raises(DataError, match="train/frame_0.png has mode .*: an image must have at most 8 bits per channel"):
        entries(camvid_root)[0].load()


def test_files_of_other_formats_are_refused(camvid_root):
    """The name does not count: Pillow knows formats that start other programs."""
    path = camvid_root / "train" / "frame_0.png"
    Image.new("RGB", (12, 8)).save(path, "BMP")
    with pytest.raises(DataError, match="damaged or not a PNG file"):
        entries(camvid_root)[0].load()
