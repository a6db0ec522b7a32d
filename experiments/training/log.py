"""The log of a stage: one JSON object per line, to be plotted, and to be cut where a run goes on."""

import json
import os

from data_prep.atomic_files import write_atomically


class TrainingLog:
    """Appends records to a file.

    Parameters
    ----------
    path : pathlib.Path
    iteration : int or None
        The iteration that the run goes on from; later records are dropped. None where it begins: all are dropped.
    writes : bool
        Whether this process writes the file; of several processes one does.
    """

    def __init__(self, path, iteration, writes=True):
        self.path, self.writes = path, writes
        iteration = -1 if iteration is None else iteration
        self._keep(record for record in read_log(path) if record["iteration"] <= iteration)

    def _keep(self, records):
        self.records = list(records)
        if self.writes:
            write_atomically(self.path, "".join(json.dumps(record) + "\n" for record in self.records))

    def append(self, kind, iteration, **values):
        """Add a record."""
        record = {"kind": kind, "iteration": iteration, **values}
        if self.writes:
            with open(self.path, "a") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
        self.records.append(record)

    def drop_other_validations(self, images):
        """Drop the validations on other images than `images`, {split: number}, the deciding split first; count them.

        Their scores do not compare. A record of an earlier version, which does not name its images, is kept.
        """
        kept = [record for record in self.records
                if list(record.get("images", images).items()) == list(images.items())]
        dropped = len(self.records) - len(kept)
        if dropped:
            self._keep(kept)
        return dropped

    def of_kind(self, kind):
        """Return the records of a kind, "train" or "validation"."""
        return [record for record in self.records if record["kind"] == kind]


def read_log(path):
    """Return the records of a log; a last line that was cut short is left out."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")
    try:
        return [json.loads(line) for line in lines[:-1]]
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); remove its damaged line.") from None
