"""Progress of writing LMDBs, noted beside them so that the next run continues the work of a killed one."""

import hashlib
import json
import os
import shutil
from typing import NamedTuple, Tuple

from data_prep.atomic_files import write_atomically

FILE_NAME = "progress.json"


class SplitProgress(NamedTuple):
    """Statistics of the records of a split that are written so far.

    Attributes
    ----------
    count, pixels : int
        Numbers of records and of their pixels.
    sums : (int, int, int)
        Sums of B, G and R over all pixels.
    sizes : tuple of (height, width)
        The distinct image sizes, sorted.
    source : str
        Digest of the entries that the records come from.
    """

    count: int = 0
    pixels: int = 0
    sums: Tuple[int, int, int] = (0, 0, 0)
    sizes: Tuple[Tuple[int, int], ...] = ()
    source: str = ""

    def after(self, entry, size, sums):
        """Return the progress after one more record, of the given (height, width) and sums over pixels."""
        return SplitProgress(self.count + 1, self.pixels + size[0] * size[1],
                             tuple(int(old + new) for old, new in zip(self.sums, sums)),
                             tuple(sorted({*self.sizes, size})), _chained(self.source, entry))

    def comes_from(self, entries):
        """Return whether the records come from the first of `entries` and these entries' files are unchanged."""
        source = ""
        for entry in entries[:self.count]:
            source = _chained(source, entry)
        return self.count <= len(entries) and source == self.source


def _chained(digest, entry):
    """Extend a digest of entries by another entry: by its name and its files' sizes and times."""
    statuses = [os.stat(path) for path in entry.files]
    described = digest, entry.name, [(status.st_size, status.st_mtime_ns) for status in statuses]
    return hashlib.sha256(repr(described).encode("utf-8")).hexdigest()


class WriteProgress:
    """The progress of all splits, in a file of the folder that they are written to.

    Parameters
    ----------
    folder : str
        Made where it is missing; emptied if it holds records that were made with other settings.
    settings : dict
        Values that the records depend on besides their entries, as JSON reads them back.
    """

    def __init__(self, folder, settings):
        self._path = os.path.join(folder, FILE_NAME)
        self._settings = settings
        self._splits = self._read()
        if not self._splits:
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)

    def _read(self):
        try:
            with open(self._path, encoding="utf-8") as stream:
                noted = json.load(stream)
            if noted["settings"] != self._settings:
                return {}
            return {split: SplitProgress(**dict(fields, sums=tuple(fields["sums"]),
                                                sizes=tuple(map(tuple, fields["sizes"]))))
                    for split, fields in noted["splits"].items()}
        except (OSError, ValueError, KeyError, TypeError):  # no file, or not one that `note` wrote
            return {}

    def records(self):
        """Return the number of written records of all splits."""
        return sum(progress.count for progress in self._splits.values())

    def get(self, split):
        """Return the SplitProgress of a split."""
        return self._splits.get(split, SplitProgress())

    def note(self, split, progress):
        """Note the progress of a split, whose records must already be on the disk."""
        self._splits[split] = progress
        fields = {"settings": self._settings,
                  "splits": {name: noted._asdict() for name, noted in self._splits.items()}}
        write_atomically(self._path, json.dumps(fields), sync=True)
