"""dataset.json: the description of a dataset's LMDBs."""

import json
import os
from typing import Dict, List, NamedTuple, Tuple, Union

import pydantic

from data_prep.atomic_files import write_atomically
from data_prep.errors import DataError
from data_prep.strict_model import LARGEST, StrictModel, parse

FILE_NAME = "dataset.json"
VOID = 255
RECORD_FORMAT = 2  # version of datum.py's records, raised with every change; version 2 has a checksum


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


_Text = pydantic.StrictStr
_Whole = pydantic.conint(strict=True, ge=-LARGEST[int], le=LARGEST[int])
_Real = Union[pydantic.confloat(strict=True, ge=-LARGEST[float], le=LARGEST[float]), _Whole]


class _ClassInFile(StrictModel):
    name: _Text
    category: _Text
    colour: Tuple[_Whole, _Whole, _Whole]


class _File(StrictModel):
    """The fields of `Metadata` as JSON has them; a number as text is refused."""

    name: _Text
    classes: List[_ClassInFile]
    label_ids: List[_Whole]
    mean_bgr: Tuple[_Real, _Real, _Real]
    splits: Dict[str, _Whole]
    sizes: Dict[str, List[Tuple[_Whole, _Whole]]]
    seed: _Whole
    subsampling: _Whole
    void: _Whole
    generator: _Whole = 0      # files of early versions lack this key and the next
    record_format: _Whole = 1

    @pydantic.validator("label_ids")
    def check_count(cls, label_ids, values):
        if len(label_ids) != len(values.get("classes", label_ids)):
            raise ValueError(f"{len(label_ids)} values for {len(values['classes'])} classes")
        return label_ids

    def metadata(self):
        fields = {**self.dict(), "classes": [LabelClass(**entry.dict()) for entry in self.classes],
                  "mean_bgr": tuple(map(float, self.mean_bgr))}
        return Metadata(**fields)


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
        metadata = parse(_File, fields, FILE_NAME).metadata()
    except ValueError as error:
        raise DataError(f"{path} is not a description of an LMDB ({error}): remove its folder and run make lmdb again."
                        ) from None
    if metadata.record_format != RECORD_FORMAT:
        raise DataError(f"{path} is of record format {metadata.record_format}, this version reads {RECORD_FORMAT}: "
                        "remove its folder and run make lmdb again.")
    return metadata
