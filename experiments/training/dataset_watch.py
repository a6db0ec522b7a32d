"""A watch over a dataset: training stops where its files vanish or change."""

from data_prep.store.metadata import FILE_NAME


class DatasetWatch:
    """Notices that a file of an LMDB has vanished, or has changed since the watch began.

    Parameters
    ----------
    lmdb : pathlib.Path
        The folder that holds dataset.json and the splits.
    splits : iterable of str
        Those that are read.
    """

    def __init__(self, lmdb, splits):
        self._marks = {path: _mark(path)
                       for path in (lmdb / FILE_NAME, *(lmdb / split / "data.mdb" for split in splits))}

    def check(self):
        """Raise a RuntimeError, one sentence, if a file vanished or changed."""
        for path, mark in self._marks.items():
            try:
                same = _mark(path) == mark
            except OSError as error:
                raise RuntimeError(f"{path} can't be read any more ({error.strerror}); the training stops and its last "
                                   "snapshot is kept. Bring the dataset back and start the same command again.") \
                    from None
            if not same:
                raise RuntimeError(f"{path} changed while it was trained on; the training stops and its last snapshot "
                                   "is kept. Bring the same dataset back and start the same command again: snapshots "
                                   "of other data are passed over.")


def _mark(path):
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
