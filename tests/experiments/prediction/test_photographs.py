"""Photographs of all kinds: read, scaled, and labels brought back to their size."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from experiments.prediction import photographs
from experiments.prediction.photographs import (PhotographError, indicators, labels_at_size, read_photograph,
                                                scale_to_net)

# A picture whose corners differ in all channels, so that a turn or a swap shows.
PICTURE = np.array([[[250, 10, 20], [30, 240, 60]], [[70, 80, 230], [200, 210, 40]], [[5, 5, 5], [90, 0, 90]]],
                   np.uint8)


def saved(path, picture, **options):
    picture.save(path, **options)
    return path


def test_plain_picture_comes_back(tmp_path):
    photograph = read_photograph(saved(tmp_path / "a.png", Image.fromarray(PICTURE)))
    np.testing.assert_array_equal(photograph, PICTURE)
    assert photograph.dtype == np.uint8 and photograph.flags.writeable


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "CMYK"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    source = Image.fromarray(PICTURE).convert("L" if mode in ("1", "LA") else "RGB").convert(mode)
    suffix = "tif" if mode == "CMYK" else "png"
    photograph = read_photograph(saved(tmp_path / f"a.{suffix}", source))
    np.testing.assert_array_equal(photograph, np.asarray(source.convert("RGB")))


def test_sixteen_bit_grey_keeps_its_shades(tmp_path):
    shades = np.array([[0, 257 * 100, 257 * 255]], np.uint16)
    photograph = read_photograph(saved(tmp_path / "a.png", Image.fromarray(shades)))
    np.testing.assert_array_equal(photograph[0], [[0] * 3, [100] * 3, [255] * 3])


def test_transparent_becomes_white(tmp_path):
    picture = Image.fromarray(np.dstack([PICTURE, np.full((3, 2), 0, np.uint8)]))
    np.testing.assert_array_equal(read_photograph(saved(tmp_path / "a.png", picture)), np.full((3, 2, 3), 255))


def test_is_turned_as_exif_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned a quarter clockwise
    path = saved(tmp_path / "a.png", Image.fromarray(PICTURE), exif=exif)
    np.testing.assert_array_equal(read_photograph(path), np.rot90(PICTURE, -1))


def test_unreadable_files_are_refused(tmp_path):
    text, cut = tmp_path / "text.jpg", tmp_path / "cut.jpg"
    text.write_text("no picture")
    whole = saved(tmp_path / "whole.jpg", Image.fromarray(np.random.RandomState(0).randint(
        0, 256, (64, 64, 3), np.uint8)))
    cut.write_bytes(whole.read_bytes()[:1500])
    for path, words in ((text, "no image of a known format"), (cut, "can't be read"),
                        (tmp_path / "none.jpg", "There is no image file"), (tmp_path, "There is no image file")):
        with pytest.raises(PhotographError, match=words) as error:
            read_photograph(path)
        assert str(path) in str(error.value)


def test_too_many_pixels_are_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.png", Image.new("RGB", (300, 200)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(PhotographError, match="megapixels"):
        read_photograph(path)


@pytest.mark.parametrize("size, expected", [
    ((360, 480), (180, 240)), ((480, 360), (240, 180)), ((90, 120), (180, 240)), ((1, 5000), (1, 240)),
    ((5000, 1), (240, 1)), ((1, 1), (240, 240)), ((180, 240), (180, 240))])
def test_longer_side_becomes_that_of_training(size, expected):
    assert scale_to_net(np.zeros((*size, 3), np.uint8), (180, 240)).shape == (*expected, 3)


def test_scale_given():
    image = np.zeros((100, 60, 3), np.uint8)
    assert scale_to_net(image, (180, 240), 0.5).shape == (50, 30, 3)
    assert scale_to_net(image, (180, 240), 1e-6).shape == (1, 1, 3)
    with pytest.raises(PhotographError, match="at most 18.69") as error:
        scale_to_net(image, (180, 240), 100)
    allowed = float(str(error.value).split("at most ")[1].rstrip("."))
    assert scale_to_net(image, (180, 240), allowed).shape == (1869, 1121, 3)


def test_image_at_the_scale_of_training_is_not_touched():
    image = np.random.RandomState(0).randint(0, 256, (18, 24, 3), np.uint8)
    np.testing.assert_array_equal(scale_to_net(image, (18, 24)), image)


def test_border_lies_in_the_middle_after_enlarging():
    labels = np.array([[0, 0, 1, 1]])
    resized = labels_at_size(indicators(labels, 2), 3, 40)
    np.testing.assert_array_equal(resized, np.tile(np.arange(40) >= 20, (3, 1)))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 40), st.integers(1, 40), st.integers(0, 1000))
def test_bands_do_not_show(rows, columns, height, width, seed):
    planes = np.random.RandomState(seed).rand(3, rows, columns).astype(np.float32)
    whole = np.stack([np.asarray(Image.fromarray(plane).resize((width, height), Image.BILINEAR))
                      for plane in planes])
    usual = photographs.BAND_PIXELS
    try:
        photographs.BAND_PIXELS = 3 * width
        resized = labels_at_size(planes, height, width)
    finally:
        photographs.BAND_PIXELS = usual
    ordered = np.sort(whole, axis=0)
    clear = ordered[-1] - ordered[-2] > 1e-4
    np.testing.assert_array_equal(resized[clear], whole.argmax(axis=0)[clear])
