"""The table of datasets."""

import os
from functools import partial
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from data_prep import camvid, cityscapes, scenes
from data_prep.errors import DataError
from data_prep.store.metadata import LabelClass


class Dataset(NamedTuple):
    """A dataset's row of the table.

    Attributes
    ----------
    classes : dict of int to LabelClass
        Value in the dataset's label images to class; the order of the rows gives the training labels.
    list_entries : callable
        (root, split, subsampling) -> list of `pairs.Entry`, for files below a folder; (seed, split, count) -> the
        same, for drawn images.
    splits : dict of str to int or None
        Number of images per split; None where any number is allowed.
    optional_splits : tuple of str
        Splits that are left out where their folder is missing.
    images_folder : str
        Folder of the splits' folders, below the dataset's folder.
    root_variable : str or None
        The make variable that names the dataset's folder; None for a dataset that is drawn.
    subsampling : int
        Factor by which images are made smaller.
    generator : int
        Version of the code that draws the images; 0 where they come from files.
    """

    classes: Dict[int, LabelClass]
    list_entries: Callable
    splits: Dict[str, Optional[int]]
    optional_splits: Tuple[str, ...] = ()
    images_folder: str = ""
    root_variable: Optional[str] = None
    subsampling: int = 1
    generator: int = 0


DATASETS = {
    "scenes": Dataset(scenes.CLASSES, scenes.list_entries, {"train": 600, "val": 100},
                      generator=scenes.GENERATOR),
    "camvid": Dataset(camvid.CLASSES, camvid.list_entries, {"train": None, "val": None, "test": None}, ("test",),
                      root_variable="CAMVID"),
    **{name: Dataset(camvid.CLASSES, partial(camvid.list_drive_entries, drive=drive),
                     {"train": None, "drive": None, "val": None, "test": None}, ("test",), root_variable="CAMVID")
       for name, drive in (("camvid-drive", camvid.DAY), ("camvid-dusk", camvid.DUSK), ("camvid-town", camvid.TOWN))},
    "cityscapes": Dataset(cityscapes.CLASSES, cityscapes.list_entries, cityscapes.FRAMES, ("test",),
                          cityscapes.IMAGES, "CITYSCAPES", cityscapes.SUBSAMPLING),
}


def choose_dataset(name, full_resolution=False):
    """Return a dataset's row of `DATASETS`, without subsampling where the full resolution is wanted.

    Raises
    ------
    DataError
        Where the full resolution is wanted of a dataset that has one resolution only.
    """
    dataset = DATASETS[name]
    if not full_resolution:
        return dataset
    if dataset.subsampling == 1:
        raise DataError(f"{name} has one resolution only: leave out --full-resolution.")
    return dataset._replace(subsampling=1)


def list_splits(name, root, seed, counts, full_resolution=False):
    """List the entries of each split of a dataset.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    root : str
        The dataset's folder; empty for a dataset that is drawn.
    seed : int
        Seed of drawn images.
    counts : dict of str to int
        Number of images wanted per split. A split without a number has all its images; a drawn one has as many as the
        table says.
    full_resolution : bool
        Whether the full resolution is wanted.

    Returns
    -------
    dict of str to list of Entry
        Entries per split. A split of files is listed whole, however few images are wanted.

    Raises
    ------
    DataError
        Where the folder is missing, not wanted or lacks files, or a split does not exist or has too few images.
    """
    dataset = choose_dataset(name, full_resolution)
    _check_root(name, dataset.root_variable, root)
    unknown = sorted(set(counts) - set(dataset.splits))
    if unknown:
        raise DataError(f"{name} has no split '{unknown[0]}': its splits are {', '.join(dataset.splits)}.")
    if dataset.root_variable is None:
        return {split: dataset.list_entries(seed, split, counts.get(split, count))
                for split, count in dataset.splits.items()}
    images = os.path.join(root, dataset.images_folder)
    entries = {split: dataset.list_entries(root, split, dataset.subsampling) for split in dataset.splits
               if split not in dataset.optional_splits or os.path.isdir(os.path.join(images, split))}
    available = {split: len(listed) for split, listed in entries.items()}
    for split, count in counts.items():
        if count > available.get(split, 0):
            raise DataError(f"{root} has {available.get(split, 0)} images in split {split}, {count} were asked for.")
    _check_whole(name, images, available, counts)
    return entries


def _check_whole(name, images, available, counts):
    """Check that each split has all its images, unless a number was asked for."""
    whole = DATASETS[name].splits
    short = {split: count for split, count in available.items()
             if split not in counts and whole[split] not in (None, count)}
    for split, count in short.items():
        option = "--count " + " ".join(f"{other}={number}" for other, number in {**short, **counts}.items())
        raise DataError(f"{os.path.join(images, split)} has {count} images, but the split {split} of {name} has "
                        f"{whole[split]}: unpack the dataset again, or take what is there with {option} "
                        f"(make: LMDB_ARGS='{option}').")


def _check_root(name, variable, root):
    if variable is None:
        if root:
            raise DataError(f"{name} is drawn and has no folder: leave out --root.")
    elif not root:
        raise DataError(f"{name} needs its folder: give {variable}=<folder> to make, or --root <folder>.")
    elif not os.path.isdir(root) or not os.listdir(root):
        fault = "is empty" if os.path.isdir(root) else "is not a folder"
        raise DataError(f"{root} {fault}: give {name}'s folder as {variable}=<folder> to make, "
                        "or --root <folder>.")
