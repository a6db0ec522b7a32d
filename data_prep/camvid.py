"""CamVid with 11 classes, in the folder layout of SegNet's published version."""

import os

from data_prep.pairs import list_pairs, training_labels
from data_prep.store.metadata import LabelClass

# Value in the label images to class. The categories are those of Cityscapes, the colours those of CamVid.
CLASSES = {
    0: LabelClass("sky", "sky", (128, 128, 128)),
    1: LabelClass("building", "construction", (128, 0, 0)),
    2: LabelClass("pole", "object", (192, 192, 128)),
    3: LabelClass("road", "flat", (128, 64, 128)),
    4: LabelClass("pavement", "flat", (0, 0, 192)),
    5: LabelClass("tree", "nature", (128, 128, 0)),
    6: LabelClass("sign/symbol", "object", (192, 128, 128)),
    7: LabelClass("fence", "construction", (64, 64, 128)),
    8: LabelClass("car", "vehicle", (64, 0, 128)),
    9: LabelClass("pedestrian", "human", (64, 64, 0)),
    # Rider and bicycle in one class. Cityscapes has the rider in human and the bicycle in vehicle; most pixels here
    # are the rider's.
    10: LabelClass("bicyclist", "human", (0, 128, 192)),
}
VOID_IDS = (11,)
SUBSAMPLING = 2  # half resolution, as in the paper's experiments


def list_entries(root, split, subsampling=SUBSAMPLING):
    """List a split's entries: images in `<root>/<split>`, labels of the same names in `<root>/<split>annot`.

    Raises
    ------
    DataError
        Where folders or files are missing.
    """
    return list_pairs(os.path.join(root, split), os.path.join(root, split + "annot"),
                      training_labels(list(CLASSES), VOID_IDS), subsampling)
