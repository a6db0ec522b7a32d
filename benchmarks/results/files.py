"""Files that hold the results of the solver's benchmark."""

import json
from pathlib import Path

from benchmarks.results.picture import energy_over_time
from benchmarks.results.queries import Results
from benchmarks.results.tables import report
from benchmarks.results.targets import targets
from data_prep.atomic_files import write_atomically


def write_files(folder, measured, machine):
    """Write bench.json, bench.png and bench.txt.

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
    write_atomically(folder / "bench.png", energy_over_time(results))
    text = report(results)
    write_atomically(folder / "bench.txt", text)
    missed = sum(not target.met for target in targets(results))
    return (f"{text}\n{missed or 'no'} target{'s' * (missed != 1)} missed; "
            f"{folder}/bench.txt, bench.json, bench.png")
