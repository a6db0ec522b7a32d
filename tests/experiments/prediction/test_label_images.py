"""Pictures of labels."""

import io

import numpy as np
from PIL import Image

from data_prep.store.metadata import LabelClass
from experiments.prediction.label_images import (colour_table, encode_label_png, encode_png, enlarge, overlay,
                                                 weights_picture)

CLASSES = [LabelClass("road", "flat", (128, 64, 128)), LabelClass("sky", "sky", (70, 130, 180))]


def decoded(content):
    return Image.open(io.BytesIO(content))


def test_overlay_blends_class_colours_and_shows_void_in_black():
    image = np.full((1, 3, 3), 100, np.uint8)
    coloured = overlay(image, np.array([[0, 1, 255]]), colour_table(CLASSES), opacity=0.5)
    np.testing.assert_allclose(coloured[0], [[114, 82, 114], [85, 115, 140], [50, 50, 50]], atol=1)


def test_enlarge_repeats_pixels():
    np.testing.assert_array_equal(enlarge(np.array([[1, 2]]), 2), [[1, 1, 2, 2], [1, 1, 2, 2]])


def test_weights_picture_averages_the_edges_there_are():
    weights = np.array([[[2, 0], [1, 0]], [[0, 1], [0, 0]]], np.float32)
    np.testing.assert_array_equal(weights_picture(weights, 2), [[127, 127], [127, 0]])
    assert weights_picture(np.full((2, 3, 3), 0.0), 0).max() == 0


def test_weights_picture_counts_the_lengths_of_other_offsets():
    weights = np.array([[[1.0, 0], [1, 0]], [[0, 2 ** -0.5], [0, 0]]])
    picture = weights_picture(weights, 1, ((0, 1), (1, -1)))
    np.testing.assert_array_equal(picture, [[255, 255], [255, 0]])


def test_label_png_holds_the_datasets_values_and_the_classes_colours():
    labels = np.array([[0, 1], [1, 1]])
    picture = decoded(encode_label_png(labels, CLASSES, [7, 23]))
    np.testing.assert_array_equal(np.asarray(picture), [[7, 23], [23, 23]])
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), colour_table(CLASSES)[labels])


def test_png_keeps_the_pixels():
    picture = np.random.RandomState(0).randint(0, 256, (4, 5, 3), np.uint8)
    np.testing.assert_array_equal(np.asarray(decoded(encode_png(picture))), picture)
    np.testing.assert_array_equal(np.asarray(decoded(encode_png(picture[..., 0]))), picture[..., 0])
