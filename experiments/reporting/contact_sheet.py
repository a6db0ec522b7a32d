"""The contact sheet: training images as a stage sees them, augmented, with their labels over them."""

import numpy as np

from experiments.nets.definitions import training_data
from experiments.prediction.label_images import colour_table, encode_png, overlay
from prototxt.stages import CNN
from python_layers.augmentation import Augmentation
from python_layers.batches import DataParameters, open_batches

COLUMNS, ROWS = 4, 3
GAP = 4
FILE_NAME = "training-images.png"


def training_sheet(config, build, classes):
    """Draw the first images that FCN-8s is trained on, where they are augmented.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : experiments.settings.build_paths.Build
        With its LMDB.
    classes : sequence of data_prep.store.metadata.LabelClass

    Returns
    -------
    dict of str to bytes
        Name and contents of a PNG file; empty where the images are not augmented.
    """
    if config.stage_augmentation(CNN) == Augmentation():
        return {}
    parameters = DataParameters(**{**training_data(config, CNN, build), "batch": 1})
    load = open_batches(parameters)
    pairs = [(images[0][::-1].transpose(1, 2, 0), labels[0])
             for images, labels in (load(number) for number in range(COLUMNS * ROWS))]
    return {FILE_NAME: encode_png(contact_sheet(pairs, colour_table(classes)))}


def contact_sheet(pairs, colours):
    """Put pictures into rows of `COLUMNS`: each an image, below it the image under its labels.

    Parameters
    ----------
    pairs : sequence of (image (H, W, 3) uint8, labels (H, W) uint8)
        Images of several sizes stand in the upper left corners of cells of the largest size.
    colours : (256, 3) uint8
        From `experiments.prediction.label_images.colour_table`.

    Returns
    -------
    (H', W', 3) uint8
    """
    pictures = [np.concatenate([image, overlay(np.ascontiguousarray(image), labels, colours)])
                for image, labels in pairs]
    height, width = (max(picture.shape[axis] for picture in pictures) + GAP for axis in (0, 1))
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * height - GAP, columns * width - GAP, 3), 255, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * height, place % columns * width
        sheet[top:top + picture.shape[0], left:left + picture.shape[1]] = picture
    return sheet
