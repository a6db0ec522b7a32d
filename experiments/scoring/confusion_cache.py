"""Confusion matrices of single images, kept on disk so that an evaluation that is interrupted can go on."""

import io
import zipfile
from pathlib import Path

import numpy as np

from data_prep.atomic_files import write_atomically
from experiments.mpi.processes import communicator


class ConfusionStore:
    """Matrices of the images done so far, for each set of weights; rank 0 alone reads and writes the file.

    Parameters
    ----------
    path : path
        The npz file that `save` writes. A file that is there is read if it has the same mark, else ignored.
    mark : str
        The `data_prep.digests.contents_digest` of the files that the matrices are computed from.
    """

    def __init__(self, path, mark):
        self.path, self._mark = Path(path), mark
        self._processes = communicator()
        self._matrices = self._processes.from_first(self._read())

    def _read(self):
        try:
            with np.load(self.path) as stored:
                if str(stored["mark"]) != self._mark:
                    return {}
                return {name: list(stored[name]) for name in stored.files if name != "mark"}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return {}

    def done(self, name):
        """Return the number of images that a set of weights has matrices of."""
        return len(self._matrices.get(name, ()))

    def append(self, name, matrices):
        """Add the matrices of the next image, an integer array of any shape."""
        self._matrices.setdefault(name, []).append(matrices)

    def array(self, name):
        """Return all matrices of a set of weights, images along the first axis."""
        return np.stack(self._matrices[name])

    def save(self):
        """Write all matrices to the file."""
        if self._processes.rank:
            return
        content = io.BytesIO()
        np.savez(content, mark=self._mark, **{name: self.array(name) for name in self._matrices})
        write_atomically(self.path, content.getvalue())

    def remove(self):
        """Remove the file, which an evaluation that is whole no longer needs."""
        if self._processes.rank == 0 and self.path.exists():
            self.path.unlink()
