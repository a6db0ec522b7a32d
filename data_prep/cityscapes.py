"""Cityscapes' fine annotations with the 19 classes of its benchmark."""

import functools
import os
import re

from data_prep.errors import DataError
from data_prep.pairs import Entry, load_image, pair_up, training_labels
from data_prep.store.metadata import LabelClass

# Label id to class, in the order of the official train ids: package cityscapesscripts, helpers/labels.py.
CLASSES = {
    7: LabelClass("road", "flat", (128, 64, 128)),
    8: LabelClass("sidewalk", "flat", (244, 35, 232)),
    11: LabelClass("building", "construction", (70, 70, 70)),
    12: LabelClass("wall", "construction", (102, 102, 156)),
    13: LabelClass("fence", "construction", (190, 153, 153)),
    17: LabelClass("pole", "object", (153, 153, 153)),
    19: LabelClass("traffic light", "object", (250, 170, 30)),
    20: LabelClass("traffic sign", "object", (220, 220, 0)),
    21: LabelClass("vegetation", "nature", (107, 142, 35)),
    22: LabelClass("terrain", "nature", (152, 251, 152)),
    23: LabelClass("sky", "sky", (70, 130, 180)),
    24: LabelClass("person", "human", (220, 20, 60)),
    25: LabelClass("rider", "human", (255, 0, 0)),
    26: LabelClass("car", "vehicle", (0, 0, 142)),
    27: LabelClass("truck", "vehicle", (0, 0, 70)),
    28: LabelClass("bus", "vehicle", (0, 60, 100)),
    31: LabelClass("train", "vehicle", (0, 80, 100)),
    32: LabelClass("motorcycle", "vehicle", (0, 0, 230)),
    33: LabelClass("bicycle", "vehicle", (119, 11, 32)),
}
# All other label ids up to 33, from unlabeled (0) to trailer (30). License plate has -1, which an 8-bit image stores
# as 255.
VOID_IDS = tuple(sorted(set(range(34)) - set(CLASSES))) + (255,)
SUBSAMPLING = 2  # of the data, in the paper's section 4.1
FRAME_SIZE = (1024, 2048)  # height, width
FRAMES = {"train": 2975, "val": 500, "test": 1525}
WITHOUT_LABELS = ("test",)  # splits whose files in gtFine hold no classes

IMAGES, LABELS = "leftImg8bit", "gtFine"
IMAGE_ENDING, LABEL_ENDING, INSTANCE_ENDING = ("_leftImg8bit.png", "_gtFine_labelIds.png", "_gtFine_instanceIds.png")


def frame_images(root, split):
    """Map each frame of a split, such as aachen_000000_000019, to the path of its image.

    Raises
    ------
    DataError
        Where the folders are missing or empty, or a file's name is not <city>_<sequence>_<frame> and the ending.
    """
    return _frame_files(root, IMAGES, split, IMAGE_ENDING)


def frame_labels(root, split):
    """Map each frame of a split to the path of its label ids; raises as `frame_images` does."""
    return _frame_files(root, LABELS, split, LABEL_ENDING)


def _frame_files(root, kind, split, ending):
    folder = os.path.join(root, kind, split)
    if not os.path.isdir(folder):
        raise DataError(f"{folder} is not there: the folder of Cityscapes must hold {IMAGES}/ and {LABELS}/ as "
                        "unpacked from its packages.")
    paths = [os.path.join(folder, city, name)
             for city in sorted(os.listdir(folder)) if os.path.isdir(os.path.join(folder, city))
             for name in sorted(os.listdir(os.path.join(folder, city))) if name.endswith(ending)]
    if not paths:
        raise DataError(f"{folder} holds no <city>/*{ending}: unpack Cityscapes' {kind} package there.")
    for path in paths:
        if not re.fullmatch(r"[A-Za-z-]+_\d+_\d+", os.path.basename(path)[:-len(ending)]):
            raise DataError(f"{path} is not named <city>_<sequence>_<frame>{ending}, as Cityscapes' files are: remove "
                            "it or unpack the package again.")
    return {os.path.basename(path)[:-len(ending)]: path for path in paths}


def list_entries(root, split, subsampling=SUBSAMPLING):
    """List a split's entries, named by their frames; all pixels of the test split are void.

    Raises
    ------
    DataError
        Where folders or files are missing.
    """
    images = frame_images(root, split)
    if split in WITHOUT_LABELS:
        return [Entry(frame, functools.partial(load_image, path, subsampling), (path,))
                for frame, path in images.items()]
    return pair_up(images, frame_labels(root, split), training_labels(list(CLASSES), VOID_IDS), subsampling)
