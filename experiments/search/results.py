"""Results of a grid search so far, in a database on disk to which they are added image by image."""

import json
import sqlite3
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np


class SetResult(NamedTuple):
    """The result of one set of parameters on one image.

    Attributes
    ----------
    confusion : (K, K) int64
        Of the labels.
    bound : float or None
        The structured loss divided by gamma (eq. 8), an upper bound on the number of wrong pixels of the labels of
        least energy; None where the set has no gamma.
    """

    confusion: np.ndarray
    bound: Optional[float] = None


class SearchResults:
    """Results by image and set of parameters, where None as the set stands for the CNN alone.

    Parameters
    ----------
    path : path
        The database, SQLite; made where it is missing.
    mark : str
        Identifies what the results are computed from; those with another mark are dropped.

    Raises
    ------
    ValueError
        If the file is no such database.
    """

    def __init__(self, path, mark):
        self._path = Path(path)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(str(path))
            with self._database:
                self._database.execute("CREATE TABLE IF NOT EXISTS results (mark TEXT, image TEXT, parameters TEXT, "
                                       "confusion BLOB, bound REAL, PRIMARY KEY (image, parameters))")
                self._database.execute("DELETE FROM results WHERE mark != ?", (mark,))
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path} is not readable as the results of a grid search ({error}); end the search that "
                             "writes it, or remove the file, and start again.") from None
        self._mark = mark

    def missing(self, image, sets):
        """Return those of `sets` for which an image has no result yet."""
        scored = self._database.execute("SELECT parameters FROM results WHERE image = ?", (image,))
        known = {parameters for parameters, in scored}
        return [parameters for parameters in sets if _key(parameters) not in known]

    def add(self, image, sets, results):
        """Keep an image's results, one `SetResult` per set: all of them or none.

        Raises
        ------
        OSError
            If they can't be written.
        """
        rows = [(self._mark, image, _key(parameters), result.confusion.astype("<i8").tobytes(), result.bound)
                for parameters, result in zip(sets, results)]
        try:
            with self._database:
                self._database.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", rows)
        except sqlite3.DatabaseError as error:
            raise OSError(f"{self._path} can't be written ({error}); see to the disk and start again, what is there "
                          "is kept.") from None

    def confusions(self, parameters, images):
        """Return the confusion matrices of a set for images in their order, (N, K, K) int64."""
        by_image = {image: np.frombuffer(content, "<i8") for image, content in self._database.execute(
            "SELECT image, confusion FROM results WHERE parameters = ?", (_key(parameters),))}
        flat = np.stack([by_image[image] for image in images])
        classes = round(flat.shape[1] ** 0.5)
        return flat.reshape(len(flat), classes, classes)

    def bound(self, parameters, images):
        """Return the sum of a set's bounds over images."""
        by_image = dict(self._database.execute("SELECT image, bound FROM results WHERE parameters = ?",
                                               (_key(parameters),)))
        return sum(by_image[image] for image in images)

    def close(self):
        self._database.close()


def _key(parameters):
    """Return the text that stands for a set in the database; equal sets have equal keys, be it 35 or 35.0."""
    return json.dumps(parameters and [None if value is None else float(value) for value in parameters])
