"""The table of datasets."""

import os
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from data_prep import camvid, scenes
from data_prep.errors import DataError
from data_prep.metadata import LabelClass


class Dataset(NamedTuple):
    """What data_prep must know about a dataset.

    Attributes
    ----------
    classes : dict of int to LabelClass
        Value in the dataset's label images to class; the order of the rows gives the training labels.
    list_entries : callable
        (root, split) -> list of `pairs.Entry` for files below a folder; (seed, split, count) -> the same
        for drawn images.
    splits : dict of str to int or None
        The splits, with the number of images where they are drawn.
    optional_splits : tuple of str
        Splits that are made only where their folder is there.
    root_variable : str or None
        The make variable that names the dataset's folder; None for a dataset that is drawn.
    subsampling : int
        Factor by which images are made smaller.
    """

    classes: Dict[int, LabelClass]
    list_entries: Callable
    splits: Dict[str, Optional[int]]
    optional_splits: Tuple[str, ...] = ()
    root_variable: Optional[str] = None
    subsampling: int = 1


DATASETS = {
    "scenes": Dataset(scenes.CLASSES, scenes.list_entries, {"train": 600, "val": 100}),
    "camvid": Dataset(camvid.CLASSES, camvid.list_entries, {"train": None, "val": None}, ("test",), "CAMVID",
                      camvid.SUBSAMPLING),
}


def list_splits(name, root, seed, counts):
    """Entries of each split of a dataset.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    root : str
        The dataset's folder; empty for a dataset that is drawn.
    seed : int
        Seed of drawn images.
    counts : dict of str to int
        Number of images of splits that are not to have the usual number.

    Returns
    -------
    dict of str to list of Entry

    Raises
    ------
    DataError
        Where the folder is missing, not wanted or lacks something, or a split or a number cannot be had.
    """
    dataset = DATASETS[name]
    _check_root(name, dataset.root_variable, root)
    unknown = sorted(set(counts) - set(dataset.splits) - set(dataset.optional_splits))
    if unknown:
        raise DataError(f"{name} has no split '{unknown[0]}': its splits are "
                        f"{', '.join([*dataset.splits, *dataset.optional_splits])}.")
    if dataset.root_variable is None:
        return {split: dataset.list_entries(seed, split, counts.get(split, count))
                for split, count in dataset.splits.items()}
    splits = list(dataset.splits) + [split for split in dataset.optional_splits
                                     if os.path.isdir(os.path.join(root, split))]
    entries = {split: dataset.list_entries(root, split) for split in splits}
    for split, count in counts.items():
        found = len(entries.get(split, ()))
        if count > found:
            raise DataError(f"{root} has {found} images in split {split}, {count} were asked for.")
    return entries


def _check_root(name, variable, root):
    if variable is None:
        if root:
            raise DataError(f"{name} is drawn and has no folder: leave out --root.")
    elif not root:
        raise DataError(f"{name} needs its folder: give {variable}=<folder> to make, or --root <folder>.")
    elif not os.path.isdir(root) or not os.listdir(root):
        what = "is empty" if os.path.isdir(root) else "is not a folder"
        raise DataError(f"{root} {what}: give {name}'s folder as {variable}=<folder> to make, "
                        "or --root <folder>.")
