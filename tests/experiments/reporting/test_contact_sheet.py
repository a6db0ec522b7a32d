"""The contact sheet of augmented training images."""

import io

import numpy as np
from PIL import Image

from data_prep.store.metadata import LabelClass
from experiments.prediction.label_images import colour_table, overlay
from experiments.reporting.contact_sheet import COLUMNS, FILE_NAME, GAP, ROWS, contact_sheet, training_sheet
from experiments.settings.build_paths import Build
from tests.experiments.tiny_experiment import make_experiment

COLOURS = colour_table([LabelClass("road", "flat", (10, 20, 30)), LabelClass("car", "vehicle", (200, 100, 0))])


def test_each_image_stands_above_its_labels():
    generator = np.random.RandomState(0)
    pairs = [(generator.randint(0, 256, (4, 6, 3)).astype(np.uint8), generator.randint(0, 2, (4, 6)).astype(np.uint8))
             for _ in range(COLUMNS + 1)]
    sheet = contact_sheet(pairs, COLOURS)
    assert sheet.shape == (2 * (8 + GAP) - GAP, COLUMNS * (6 + GAP) - GAP, 3)
    for place, (image, labels) in enumerate(pairs):
        top, left = place // COLUMNS * (8 + GAP), place % COLUMNS * (6 + GAP)
        assert np.array_equal(sheet[top:top + 4, left:left + 6], image)
        assert np.array_equal(sheet[top + 4:top + 8, left:left + 6], overlay(image, labels, COLOURS))
    assert (sheet[8 + GAP:, 6 + GAP:] == 255).all()


def test_it_is_drawn_where_images_are_augmented(tmp_path, make_dataset):
    for augmentation, files in (({}, []), ({"crop": [10, 12]}, [FILE_NAME])):
        config, build = make_experiment(tmp_path, make_dataset, augmentation=augmentation)
        sheet = training_sheet(config, Build(build), Build(build).metadata().classes)
        assert list(sheet) == files
    width, height = Image.open(io.BytesIO(sheet[FILE_NAME])).size
    assert (width, height) == (COLUMNS * (12 + GAP) - GAP, ROWS * (2 * 10 + GAP) - GAP)
