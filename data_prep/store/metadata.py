"""dataset.json: the description of a dataset's LMDBs."""

import json
import math
import os
from typing import Dict, List, NamedTuple, Tuple

from data_prep.atomic_files import write_atomically
from data_prep.errors import DataError

FILE_NAME = "dataset.json"
VOID = 255
RECORD_FORMAT = 2  # of the records of datum.py, raised with every change; 2 has a checksum


class LabelClass(NamedTuple):
    """One row of a dataset's class table; the row's number is the training label."""

    name: str
    category: str
    colour: Tuple[int, int, int]  # RGB, for pictures


class Metadata(NamedTuple):
    """The contents of dataset.json.

    Attributes
    ----------
    name : str
        The dataset's name on the command line.
    classes : list of LabelClass
        Row k is training label k.
    label_ids : list of int
        Row k is the value that stands for class k in the dataset's own label images.
    mean_bgr : tuple of 3 floats
        Mean over all pixels of the train split, in 0..255, in Caffe's channel order.
    splits : dict of str to int
        Number of records per split.
    sizes : dict of str to list of (height, width)
        The distinct image sizes per split.
    seed : int
        Seed of the shuffled order (and of the drawing, where the images are drawn).
    subsampling : int
        Factor by which the dataset's images were made smaller.
    void : int
        Label of pixels without a class.
    generator : int
        Version of the code that drew the images; 0 where they come from files.
    record_format : int
        `RECORD_FORMAT` of the version that wrote the records.
    """

    name: str
    classes: List[LabelClass]
    label_ids: List[int]
    mean_bgr: Tuple[float, float, float]
    splits: Dict[str, int]
    sizes: Dict[str, List[Tuple[int, int]]]
    seed: int
    subsampling: int
    void: int = VOID
    generator: int = 0
    record_format: int = RECORD_FORMAT


def write_metadata(folder, metadata):
    """Write `metadata` to dataset.json in `folder`."""
    fields = dict(metadata._asdict(), classes=[entry._asdict() for entry in metadata.classes])
    # The writer renames the folder next; the folder's new name must not reach the disk before the file.
    write_atomically(os.path.join(folder, FILE_NAME), json.dumps(fields, indent=2) + "\n", sync=True)


def read_metadata(folder):
    """Read dataset.json from an LMDB folder.

    Parameters
    ----------
    folder : str
        The folder that holds dataset.json, train/ and val/, or the path of dataset.json itself.

    Returns
    -------
    Metadata

    Raises
    ------
    DataError
        Where the file is missing, is not one of `write_metadata`, or names another format of records.
    """
    path = folder if os.path.basename(folder) == FILE_NAME else os.path.join(folder, FILE_NAME)
    try:
        with open(path, encoding="utf-8") as stream:
            fields = json.load(stream)
    except FileNotFoundError:
        raise DataError(f"{path} is not there: make the LMDB first, with make lmdb DATASET=<name>.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path} cannot be read ({error}): "
                        "remove its folder and run make lmdb again.") from None
    try:
        metadata = _from_fields(fields)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{path} is not a description of an LMDB ({type(error).__name__}: {error}): "
                        "remove its folder and run make lmdb again.") from None
    if metadata.record_format != RECORD_FORMAT:
        raise DataError(f"{path} is of record format {metadata.record_format}, this version reads {RECORD_FORMAT}: "
                        "remove its folder and run make lmdb again.")
    return metadata


def _from_fields(fields):
    """Build Metadata from JSON's values; a wrong one raises an exception that `read_metadata` makes a sentence."""
    classes = [LabelClass(_checked(str, entry["name"]), _checked(str, entry["category"]),
                          _checked_tuple(int, entry["colour"], 3)) for entry in fields["classes"]]
    sizes = {split: [_checked_tuple(int, size, 2) for size in listed] for split, listed in fields["sizes"].items()}
    numbers = {"generator": 0, "record_format": 1}  # of files that were written before these were noted
    for name in ("seed", "subsampling", "void", "generator", "record_format"):
        numbers[name] = _checked(int, fields.get(name, numbers.get(name)))
    checked = {"name": _checked(str, fields["name"]), "classes": classes, "sizes": sizes, **numbers,
               "mean_bgr": tuple(map(float, _checked_tuple((float, int), fields["mean_bgr"], 3))),
               "label_ids": list(_checked_tuple(int, fields["label_ids"], len(classes))),
               "splits": {split: _checked(int, count) for split, count in fields["splits"].items()}}
    return Metadata(**{**fields, **checked})


def _checked_tuple(kind, values, count):
    values = tuple(_checked(kind, value) for value in _checked(list, values))
    if len(values) != count:
        raise ValueError(f"{len(values)} values, not {count}")
    return values


def _checked(kind, value):
    """Return `value` if it is of the kind and finite."""
    if not isinstance(value, kind) or isinstance(value, bool) or value != value or value in (math.inf, -math.inf):
        raise TypeError(f"{value!r} is of the wrong kind")
    return value
