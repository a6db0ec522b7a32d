"""Confusion matrices and other counts of single images, kept on disk so that an interrupted evaluation can go on."""

import io
import zipfile
from pathlib import Path

import numpy as np

from data_prep.atomic_files import write_atomically
from experiments.mpi.processes import communicator
from experiments.scoring.image_counts import ImageCounts, stacked


class ConfusionStore:
    """Counts of the images done so far, for each set of weights; rank 0 alone reads and writes the file.

    Parameters
    ----------
    path : path
        The npz file that `save` writes. A file that is there is read if it has the same mark, else ignored.
    mark : str
        The `data_prep.digests.contents_digest` of the files that the counts are computed from.
    """

    def __init__(self, path, mark):
        self.path, self._mark = Path(path), mark
        self._processes = communicator()
        self._counts = self._processes.from_first(self._read())

    def _read(self):
        try:
            with np.load(self.path) as stored:
                if str(stored["mark"]) != self._mark:
                    return {}
                names = dict.fromkeys(name.split("/")[0] for name in stored.files if name != "mark")
                return {name: list(map(ImageCounts, *(stored[key] for key in _keys(name)))) for name in names}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return {}

    def done(self, name):
        """Return the number of images that a set of weights has counts of."""
        return len(self._counts.get(name, ()))

    def append(self, name, counts):
        """Add the `experiments.scoring.image_counts.ImageCounts` of the next image, of one labelling or of several."""
        self._counts.setdefault(name, []).append(counts)

    def counts(self, name):
        """Return the `ImageCounts` of a set of weights, images along the first axis."""
        return stacked(self._counts[name])

    def save(self):
        """Write all counts to the file."""
        if self._processes.rank:
            return
        content = io.BytesIO()
        arrays = {key: array for name in self._counts for key, array in zip(_keys(name), self.counts(name))}
        np.savez(content, mark=self._mark, **arrays)
        write_atomically(self.path, content.getvalue())

    def remove(self):
        """Remove the file, which an evaluation that is whole no longer needs."""
        if self._processes.rank == 0 and self.path.exists():
            self.path.unlink()


def _keys(name):
    """Return the file's keys of the counts of a set of weights."""
    return [f"{name}/{field}" for field in ImageCounts._fields]
