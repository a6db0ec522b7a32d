"""The log of a stage: one JSON object a line, so that it can be plotted, and cut where a run goes on."""

import json

from experiments.files import write_atomically


class TrainingLog:
    """Appends records to a file; those after `iteration`, of a run that was interrupted, are dropped."""

    def __init__(self, path, iteration):
        self.path = path
        kept = [record for record in read_log(path) if record["iteration"] <= iteration] if iteration else []
        write_atomically(path, "".join(json.dumps(record) + "\n" for record in kept))

    def append(self, kind, iteration, **values):
        with open(self.path, "a") as file:
            file.write(json.dumps({"kind": kind, "iteration": iteration, **values}) + "\n")


def read_log(path):
    """Return the records of a log; a last line that was cut short is left out."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")
    try:
        return [json.loads(line) for line in lines[:-1]]
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); remove its damaged line.") from None
