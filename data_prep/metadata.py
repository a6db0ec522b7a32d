"""dataset.json: what is known about an LMDB besides its records."""

import json
import os
from typing import Dict, List, NamedTuple, Tuple

from data_prep.errors import DataError

FILE_NAME = "dataset.json"
VOID = 255


class LabelClass(NamedTuple):
    """One row of a dataset's class table; its place in the table is its training label."""

    name: str
    category: str
    colour: Tuple[int, int, int]  # RGB, for pictures


class Metadata(NamedTuple):
    """What dataset.json holds.

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
        Number of records a split.
    sizes : dict of str to list of (height, width)
        The distinct image sizes a split.
    seed : int
        Seed of the shuffled order (and of the drawing, where the images are drawn).
    subsampling : int
        Factor by which the dataset's images were made smaller.
    void : int
        Label of pixels without a class.
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


def write_metadata(folder, metadata):
    """Write `metadata` to dataset.json in `folder`."""
    fields = dict(metadata._asdict(), classes=[entry._asdict() for entry in metadata.classes])
    with open(os.path.join(folder, FILE_NAME), "w", encoding="utf-8") as stream:
        json.dump(fields, stream, indent=2)
        stream.write("\n")


def read_metadata(folder):
    """Read dataset.json from an LMDB folder.

    Parameters
    ----------
    folder : str
        The folder that holds dataset.json, train/ and val/; the path of dataset.json itself will do too.

    Returns
    -------
    Metadata

    Raises
    ------
    DataError
        Where the file is not there, or is not what `write_metadata` wrote.
    """
    path = folder if os.path.basename(folder) == FILE_NAME else os.path.join(folder, FILE_NAME)
    try:
        with open(path, encoding="utf-8") as stream:
            fields = json.load(stream)
    except FileNotFoundError:
        raise DataError(f"{path} is not there: make the LMDB first, with make lmdb DATASET=<name>.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}): "
                        "remove its folder and run make lmdb again.") from None
    try:
        metadata = _from_fields(fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not a description of an LMDB ({type(error).__name__}: {error}): "
                        "remove its folder and run make lmdb again.") from None
    return metadata


def _from_fields(fields):
    classes = [LabelClass(entry["name"], entry["category"], tuple(entry["colour"]))
               for entry in fields["classes"]]
    mean_bgr = tuple(float(channel) for channel in fields["mean_bgr"])
    if len(mean_bgr) != 3:
        raise ValueError(f"mean_bgr has {len(mean_bgr)} values, not 3")
    sizes = {split: [tuple(size) for size in found] for split, found in fields["sizes"].items()}
    return Metadata(**dict(fields, classes=classes, mean_bgr=mean_bgr, sizes=sizes))
