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
        self.records = [record for record in read_log(path) if record["iteration"] <= iteration]
        if writes:
            write_atomically(path, "".join(json.dumps(record) + "\n" for record in self.records))

    def append(self, kind, iteration, **values):
        """Add a record."""
        record = {"kind": kind, "iteration": iteration, **values}
        if self.writes:
            with open(self.path, "a") as file:
                file.write(json.dumps(record) + "\n")
                file.flush()
                os.fsync(file.fileno())
        self.records.append(record)

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
