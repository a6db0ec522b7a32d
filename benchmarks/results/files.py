"""Files that hold the results of the solver's benchmark."""

import json
from pathlib import Path

from benchmarks.results.accuracy_picture import accuracy_over_time
from benchmarks.results.picture import energy_over_time
from benchmarks.results.queries import Results
from benchmarks.results.tables import report
from benchmarks.results.targets import targets
from data_prep.atomic_files import write_atomically


def write_files(folder, measured, machine):
    """Write bench.json, bench.txt, and the pictures bench.png and accuracy.png of the parts that were measured.

    Parameters
    ----------
    folder : path
    measured : dict
        See `benchmarks.results.queries.Results`.
    machine : dict
        Added to bench.json.

    Returns
    -------
    str
        The tables, as bench.txt holds them, and in a last line how many targets are missed and where the files are.
    """
    results, folder = Results(measured), Path(folder)
    write_atomically(folder / "bench.json", json.dumps(dict(measured, machine=machine), indent=1))
    pictures = {}
    if results.comparison:
        pictures["bench.png"] = energy_over_time(results)
    if results.accuracy:
        pictures["accuracy.png"] = accuracy_over_time(results.accuracy)
    for name, content in pictures.items():
        write_atomically(folder / name, content)
    text = report(results)
    write_atomically(folder / "bench.txt", text)
    missed = sum(not target.met for target in targets(results))
    return (f"{text}\n{missed or 'no'} target{'s' * (missed != 1)} missed; "
            f"{folder}/{', '.join(['bench.txt', 'bench.json', *pictures])}")
