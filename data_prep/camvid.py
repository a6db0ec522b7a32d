"""CamVid with 11 classes, in the folder layout of SegNet's published version."""

import os

from data_prep.errors import DataError
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
    # Rider and bicycle in one class. Cityscapes counts the rider as human and the bicycle as vehicle; most pixels of
    # this class are the rider's. On the drive `DAY` they are those of parked motorcycles.
    10: LabelClass("bicyclist", "human", (0, 128, 192)),
}
VOID_IDS = (11,)
# Drives of train that a dataset may leave out of training; their frames' names begin so. The frames of val are no such
# drive: they are every second one of a few seconds of a drive in train, so a net may have learnt their street by heart
# unless `TOWN` is left out.
DAY = "0006R0"
DUSK = "0001TP"
TOWN = "0016E5"  # more than half of train, and all of val


def list_entries(root, split, subsampling=1):
    """List a split's entries: images in `<root>/<split>`, labels of the same names in `<root>/<split>annot`.

    Raises
    ------
    DataError
        Where folders or files are missing.
    """
    return list_pairs(os.path.join(root, split), os.path.join(root, split + "annot"),
                      training_labels(list(CLASSES), VOID_IDS), subsampling)


def list_drive_entries(root, split, subsampling=1, *, drive):
    """List a split's entries where the frames of a drive, `DAY`, `DUSK` or `TOWN`, are not in train, but the split "drive".

    Raises
    ------
    DataError
        Where folders or files are missing, or all frames or none are of that drive.
    """
    if split not in ("train", "drive"):
        return list_entries(root, split, subsampling)
    entries = list_entries(root, "train", subsampling)
    chosen = [entry for entry in entries if entry.name.startswith(drive) == (split == "drive")]
    if len(chosen) in (0, len(entries)):
        lacking = "another drive than" if split == "train" else "the drive"
        raise DataError(f"{os.path.join(root, 'train')} has {len(entries)} frames, none of them of {lacking} {drive}: "
                        "this dataset needs both; take camvid, or bring the whole dataset.")
    return chosen
