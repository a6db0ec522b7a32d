"""Augmentation: images and labels stay together, colours change as defined, draws follow from seed and position."""

import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import color

from python_layers.augmentation import Augmentation, Change, scaled_pair, scaled_size

UNCHANGED = dict(scale=1.0, crop=None, place=(0.5, 0.5), brightness=1.0, contrast=1.0, saturation=1.0, turn=0.0)
GREY = (120, 121, 122)


def change(**parts):
    return Change(**{**UNCHANGED, **parts})


def coordinates(height, width):
    """An image whose red is the column and whose green is the row, and labels that number squares of 8 x 8 pixels."""
    rows, columns = np.mgrid[:height, :width]
    image = np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8)
    return image, (rows // 8 * 16 + columns // 8).astype(np.uint8) % 200


def speckled(seed, height=23, width=31):
    return np.random.RandomState(seed).randint(0, 256, (height, width, 3)).astype(np.uint8)


def test_nothing_changes_by_default():
    image, labels = speckled(0), np.arange(23 * 31, dtype=np.int64).reshape(23, 31).astype(np.uint8)
    for parts in ({}, dict(crop=(23, 31))):
        for expected, changed in zip((image, labels), change(**parts).apply(image, labels, GREY)):
            assert np.array_equal(expected, changed)
    assert Augmentation().draw(0, 17) == change(place=Augmentation().draw(0, 17).place)


@settings(max_examples=100, deadline=None)
@given(scale=st.floats(0.4, 2.5), place=st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)),
       size=st.tuples(st.integers(9, 90), st.integers(9, 90)), crop=st.tuples(st.integers(1, 120), st.integers(1, 120)))
def test_each_pixel_shows_the_place_that_its_label_comes_from(scale, place, size, crop):
    image, labels = coordinates(*size)
    shown, moved = change(scale=scale, crop=crop, place=place).apply(image, labels, GREY)
    assert shown.shape == (*crop, 3) and moved.shape == crop
    inside = moved != 255
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    scaled = [max(1, round(length * scale)) for length in size]
    assert [len(rows), len(columns)] == [min(pair) for pair in zip(scaled, crop)]
    assert inside[np.ix_(rows, columns)].all()
    assert np.all(shown[~inside] == GREY)
    # The colours show the row and column of the image from which each pixel of the result comes.
    margin = 1 + 1 / scale
    for axis, lines, channel in ((0, rows, 1), (1, columns, 0)):
        step = size[axis] / scaled[axis]
        seen = shown[np.ix_(rows, columns)][:, :, channel].astype(float).mean(axis=1 - axis)
        first = seen[len(seen) // 2] - step * (len(seen) // 2)
        assert np.all(np.abs(seen - (first + step * np.arange(len(lines)))) <= margin)
        starts = first - step / 2 + 0.5
        assert starts > -margin and starts + step * len(lines) < size[axis] + margin
    red, green = (shown[np.ix_(rows, columns)][:, :, channel].astype(int) for channel in (0, 1))
    near = [labels[np.clip(green + down, 0, size[0] - 1), np.clip(red + right, 0, size[1] - 1)]
            for down in (-2, 0, 2) for right in (-2, 0, 2)]
    assert np.all(np.any([moved[np.ix_(rows, columns)] == candidate for candidate in near], axis=0))


def test_labels_are_those_of_the_nearest_pixels_and_images_are_averaged_over_areas():
    labels = np.array([[1, 2], [3, 4]], np.uint8)
    image = np.repeat(labels[:, :, None] * 10, 3, axis=2)
    assert change(scale=2.0).apply(image, labels, GREY)[1].tolist() == [[1, 1, 2, 2]] * 2 + [[3, 3, 4, 4]] * 2
    halved = change(scale=0.5).apply(np.kron(image, np.ones((2, 2, 1), np.uint8)) + speckles(), np.kron(
        labels, np.ones((2, 2), np.uint8)), GREY)
    assert halved[0][:, :, 0].tolist() == [[12, 22], [32, 42]] and halved[1].tolist() == labels.tolist()


def speckles():
    """Four numbers of mean 2 on each square of two pixels."""
    return np.tile(np.array([[0, 2], [2, 4]], np.uint8), (2, 2))[:, :, None]


def test_a_pair_of_half_the_size_has_the_means_of_its_pixels():
    image, labels = speckled(2, 24, 30), np.arange(24 * 30, dtype=np.int64).reshape(24, 30).astype(np.uint8)
    smaller, moved = scaled_pair(image, labels, 0.5)
    means = image.reshape(12, 2, 15, 2, 3).mean(axis=(1, 3))
    assert np.abs(smaller - means).max() <= 1  # rounded after rows and after columns
    assert all(moved[row, column] in labels[2 * row:2 * row + 2, 2 * column:2 * column + 2]
               for row in range(12) for column in range(15))
    for size in ((17, 9), (3, 1)):
        assert scaled_pair(*coordinates(*size), 0.3)[1].shape == scaled_size(size, 0.3)
    assert scaled_size((17, 9), 0.3) == (5, 3) and scaled_size((3, 1), 0.3) == (1, 1)


def test_ranges_of_scaled_images_are_scaled():
    augmentation = Augmentation(scale=(0.5, 2), crop=(4, 6), hue=0.1)
    assert augmentation.of_scaled_images(0.5) == Augmentation(scale=(0.25, 1), crop=(4, 6), hue=0.1)
    assert augmentation.of_scaled_images(1) == augmentation


def test_crops_reach_every_place_and_none_beyond():
    image, labels = coordinates(8, 12)
    drawn = Augmentation(crop=(6, 9))
    corners = {tuple(drawn.draw(3, position).apply(image, labels, GREY)[0][0, 0, 1::-1]) for position in range(400)}
    assert corners == {(row, column) for row in range(3) for column in range(4)}
    around = Augmentation(crop=(9, 12))
    first_rows = {int(np.flatnonzero(around.draw(3, position).apply(image, labels, GREY)[1][:, 0] != 255)[0])
                  for position in range(50)}
    assert first_rows == {0, 1}


@pytest.mark.parametrize("factor", [0.4, 0.9, 1.0, 1.3, 1.9])
def test_colours_are_those_of_the_formulas(factor):
    image = speckled(1).astype(float)
    grey = image @ [0.299, 0.587, 0.114]
    expected = {"brightness": factor * image, "contrast": grey.mean() + factor * (image - grey.mean()),
                "saturation": grey[:, :, None] + factor * (image - grey[:, :, None])}
    for name, values in expected.items():
        coloured = np.asarray(change(**{name: factor}).recolour(Image.fromarray(image.astype(np.uint8))))
        assert np.abs(coloured - np.clip(values, 0, 255)).max() <= 2, name


@pytest.mark.parametrize("turn", [-0.5, -0.1, 0.05, 0.25])
def test_hues_turn_as_scikit_image_turns_them(turn):
    image = speckled(2)
    hsv = color.rgb2hsv(image)
    hsv[:, :, 0] = (hsv[:, :, 0] + round(turn * 255) / 255) % 1
    expected = 255 * color.hsv2rgb(hsv)
    coloured = np.asarray(change(turn=turn).recolour(Image.fromarray(image)))
    # Pillow rounds hues to 255 steps around the circle. Over each sixth of it a channel changes by up to 255.
    assert np.abs(coloured - expected).max() <= 6 + 3
    assert np.abs(coloured - expected).mean() < 1.5


def test_draws_follow_from_seed_and_position_and_fill_their_ranges():
    augmentation = Augmentation(scale=(0.5, 2), crop=(5, 7), brightness=0.3, contrast=0.2, saturation=0.1, hue=0.05)
    draws = [augmentation.draw(1, position) for position in range(500)]
    assert [augmentation.draw(1, position) for position in reversed(range(500))] == draws[::-1]
    assert augmentation.draw(2, 0) != draws[0]
    for values, low, high in (([drawn.scale for drawn in draws], 0.5, 2),
                              ([drawn.brightness for drawn in draws], 0.7, 1.3),
                              ([drawn.contrast for drawn in draws], 0.8, 1.2),
                              ([drawn.saturation for drawn in draws], 0.9, 1.1),
                              ([drawn.turn for drawn in draws], -0.05, 0.05)):
        reach = (high - low) / 20
        assert low <= min(values) < low + reach and high - reach < max(values) <= high
    assert 0.45 < np.mean([drawn.scale < 1 for drawn in draws]) < 0.55  # as often halved as doubled


@pytest.mark.parametrize("parameters, named", [
    (dict(scale=(2, 1)), "least scale, 2"), (dict(scale=(0, 1)), "greater than 0"), (dict(crop=(0, 4)), "crop"),
    (dict(crop=(4.5, 4)), "crop"), (dict(hue=0.6), "hue"), (dict(brightness=-0.1), "brightness"),
    (dict(contrast=float("nan")), "finite"), (dict(blur=1), "blur")])
def test_impossible_ranges_are_refused(parameters, named):
    with pytest.raises(pydantic.ValidationError, match=named):
        Augmentation(**parameters)
