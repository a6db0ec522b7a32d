"""CamVid with 11 classes, in the folder layout of SegNet's published version."""

import os

from data_prep.pairs import list_pairs, training_labels
from data_prep.store.metadata import LabelClass

# The value in the label images, and the class; the categories are those Cityscapes groups its classes in,
# the colours those CamVid is shown with.
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
    # Rider and bicycle in one. Cityscapes has a rider in human and a bicycle in vehicle; most pixels here
    # are the person's.
    10: LabelClass("bicyclist", "human", (0, 128, 192)),
}
VOID_IDS = (11,)
SUBSAMPLING = 2  # half resolution, as the paper's experiments


def list_entries(root, split, subsampling=SUBSAMPLING):
    """Entries of a split: images in `<root>/<split>`, labels of the same names in `<root>/<split>annot`.

    Raises
    ------
    DataError
        Where folders or files are missing.
    """
    return list_pairs(os.path.join(root, split), os.path.join(root, split + "annot"),
                      training_labels(list(CLASSES), VOID_IDS), subsampling)
