"""Images and labels in files: listed, read, checked and made smaller."""

import functools
import os
from typing import Callable, NamedTuple, Tuple

import numpy as np
from PIL import Image

from data_prep.errors import DataError
from data_prep.store.metadata import VOID

EXTENSION = ".png"
IMAGE_MODES = ("RGB", "RGBA", "P", "L", "LA", "1")  # Pillow's with at most 8 bits per channel
# Pillow's raw modes whose values it does not change; it scales grey values of 1, 2 and 4 bits to 0 to 255.
LABEL_MODES = ("L", "P", "P;1", "P;2", "P;4")


class Entry(NamedTuple):
    """One image of a split, not yet loaded."""

    name: str
    load: Callable  # () -> image (H, W, 3) uint8 RGB, labels (H, W) uint8 with 255 = void; picklable
    files: Tuple[str, ...] = ()  # paths that load() reads


def list_pairs(image_folder, label_folder, label_map, subsampling):
    """List entries for the images of one folder and the labels of the same names in another, sorted by name.

    Parameters
    ----------
    image_folder, label_folder : str
        Folders of PNG files.
    label_map : (256,) int array
        From `training_labels`.
    subsampling : int
        Factor by which images and labels are made smaller.

    Returns
    -------
    list of Entry

    Raises
    ------
    DataError
        Where a folder is missing or empty, or an image or a label has no partner.
    """
    images, labels = _png_files(image_folder), _png_files(label_folder)
    return pair_up(images, labels, label_map, subsampling)


def pair_up(images, labels, label_map, subsampling):
    """List entries for images and labels of the same names, sorted by name.

    Parameters
    ----------
    images, labels : dict of str to str
        Name to path of each image, and of each label image.
    label_map, subsampling
        As of `load_pair`.

    Returns
    -------
    list of Entry

    Raises
    ------
    DataError
        Where an image or a label has no partner.
    """
    for paths, others, partner in ((images, labels, "label"), (labels, images, "image")):
        alone = sorted(set(paths) - set(others))
        if alone:
            raise DataError(f"{paths[alone[0]]} has no {partner} ({len(alone)} such in all): every image needs a label "
                            "of the same name.")
    return [Entry(name, functools.partial(load_pair, images[name], labels[name], label_map, subsampling),
                  (images[name], labels[name]))
            for name in sorted(images)]


def _png_files(folder):
    """Map each name, without its extension, to its path."""
    if not os.path.isdir(folder):
        raise DataError(f"{folder} is not there: the dataset's folder must hold it.")
    files = {os.path.splitext(name)[0]: os.path.join(folder, name) for name in os.listdir(folder)
             if name.lower().endswith(EXTENSION)}
    if not files:
        raise DataError(f"{folder} holds no {EXTENSION} file.")
    return files


def training_labels(label_ids, void_ids):
    """Make the table from values in label images to training labels.

    Parameters
    ----------
    label_ids : sequence of int
        Element k is the value of class k in the dataset's label images.
    void_ids : iterable of int
        Values of pixels without a class.

    Returns
    -------
    (256,) int16 array
        Element v is the training label of value v, 255 where it is void, -1 where it is neither.
    """
    table = np.full(256, -1, dtype=np.int16)
    table[list(void_ids)] = VOID
    table[list(label_ids)] = np.arange(len(label_ids))
    return table


def load_pair(image_path, label_path, label_map, subsampling):
    """Read an image and its label, check them and make them smaller.

    Parameters
    ----------
    image_path, label_path : str
        PNG files.
    label_map : (256,) int array
        From `training_labels`.
    subsampling : int
        Side of the squares that become one pixel, with the image's mean and the label of the square's middle pixel.

    Returns
    -------
    image : (H, W, 3) uint8 array
    labels : (H, W) uint8 array
        Training labels, 255 = void.

    Raises
    ------
    DataError
        Where a file cannot be read, the image has more than 8 bits per channel, the label has several channels or more
        than 8 bits, sizes differ, a value is not in the table, or no pixel is labelled.
    """
    picture, (label_picture, stored_as) = _read_colours(image_path), _read(label_path)
    if stored_as not in LABEL_MODES:
        raise DataError(f"{label_path} has mode {stored_as}: a label image must have one channel "
                        "of 8 bits that holds class numbers, not colours.")
    if picture.size != label_picture.size:
        (width, height), (label_width, label_height) = picture.size, label_picture.size
        raise DataError(f"{image_path} has {width} x {height} pixels but its label {label_path} has "
                        f"{label_width} x {label_height}: sizes must be equal.")
    labels = _to_training_labels(np.asarray(label_picture), label_map, label_path)
    image = np.asarray(picture.reduce(subsampling))
    return image, subsample_labels(labels, subsampling)


def load_image(image_path, subsampling):
    """Read an image that has no label and make it smaller as `load_pair` does; return it with void labels."""
    image = np.asarray(_read_colours(image_path).reduce(subsampling))
    return image, np.full(image.shape[:2], VOID, dtype=np.uint8)


def _to_training_labels(values, label_map, path):
    labels = label_map[values]
    if labels.min() < 0:
        allowed = ", ".join(str(value) for value in np.flatnonzero(label_map >= 0))
        raise DataError(f"{path} has the label value {values[labels < 0][0]}, which the dataset's class "
                        f"table does not know: allowed are {allowed}.")
    if np.all(labels == VOID):
        raise DataError(f"{path} has no labelled pixel, all are void: remove it and its image, or check that "
                        "the labels are those of this dataset.")
    return labels.astype(np.uint8)


def subsample_labels(labels, factor):
    """Make labels smaller by `factor`: each square becomes its middle pixel, never a mixture of labels.

    The sizes are those of `PIL.Image.reduce`: a remainder on the right or at the bottom becomes one more pixel.
    """
    rows, columns = (np.minimum(np.arange(0, size, factor) + factor // 2, size - 1) for size in labels.shape)
    return labels[np.ix_(rows, columns)]


def _read_colours(path):
    """Read an image as a picture in RGB."""
    picture, stored_as = _read(path)
    if picture.mode not in IMAGE_MODES or ";16" in stored_as:  # of which Pillow keeps the upper 8 bits
        raise DataError(f"{path} has mode {stored_as}: an image must have at most 8 bits per channel.")
    return picture.convert("RGB")


def _read(path):
    """Read a PNG file; return its picture and Pillow's raw mode, which says how the file stores it."""
    try:
        with Image.open(path, formats=("PNG",)) as picture:
            picture.verify()  # checks the checksums, which loading skips; the picture must be opened again afterwards
        with Image.open(path, formats=("PNG",)) as picture:
            (_, _, _, stored_as), = picture.tile
            picture.load()
            return picture, stored_as
    except Exception as error:  # damaged files make Pillow's readers of chunks raise exceptions of any kind
        raise DataError(f"{path} cannot be read as an image ({str(error) or type(error).__name__}): "
                        "it is damaged or not a PNG file.") from None
