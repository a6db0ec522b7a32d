"""Search the CRF's parameters on a split: `python3 -m experiments.grid_search --config CONFIG`.

Labels the images with every combination of the values under `grid` in the configuration, on the unary costs of
stage 3, which are computed once and kept. Prints the best sets beside the paper's and the CNN alone and writes
<build>/grid-search-<split>.json and a heat map, <build>/grid-search-<split>.svg. Works on all cores, or with
--scheduler on the workers of a Dask scheduler. Interrupted, or given further values, it goes on with what is missing.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json
from pathlib import Path

import theano_crf
from data_prep.atomic_files import write_atomically
from data_prep.digests import contents_digest
from data_prep.number_types import positive_integer
from data_prep.progress import Progress
from experiments.mpi.processes import communicator
from experiments.reporting.heat_map import heat_map
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.search.cnn_probabilities import Unaries
from experiments.search.parameter_sets import parameter_sets
from experiments.search.results import SearchResults
from experiments.search.score_sets import score_sets
from experiments.search.summary import format_search, summarise
from experiments.search.workers import dask_client, in_parallel
from experiments.settings.build_paths import grid_search_path, metadata_with_split
from experiments.settings.config import load_config
from experiments.settings.edit_config import write_crf

CNN_ALONE = None
SOURCES = (".py", ".hpp", ".cluda")


def grid_search(config, build, split, scheduler=None, processes=None):
    """Score every set of the configuration's grid.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : pathlib.Path
        Build folder of the experiment, with its LMDB, nets and the weights of stage 3.
    split : str
    scheduler : str, optional
        Address of a Dask scheduler; without it the work is done on this machine.
    processes : int, optional
        How many on this machine (default: its processors).

    Returns
    -------
    dict
        See `experiments.search.summary.summarise`. Of several processes, which share out the CNN's work, rank 0 alone
        searches, the others return None.
    """
    metadata, sets = metadata_with_split(build, split), parameter_sets(config.grid, config.crf)
    unaries = Unaries(build, split, metadata, config.crf.unary)
    if communicator().rank:
        return None
    mark = f"{unaries.mark} {config.crf.decode} {_solver()}"
    results = SearchResults(grid_search_path(build, split).with_suffix(".sqlite"), mark)
    try:
        _fill(results, unaries, [CNN_ALONE, *sets], config.crf.decode, scheduler, processes)
        names = [unaries.name(index) for index in range(len(unaries))]
        return summarise(results, sets, names, metadata, split, config)
    finally:
        results.close()


def _solver():
    """Digest of the solver's sources: results of two solvers must not stand in one table."""
    folder = Path(theano_crf.__file__).parent
    return contents_digest(sorted(path for path in folder.rglob("*") if path.suffix in SOURCES))


def _fill(results, unaries, sets, decode, scheduler, processes):
    """Add the results that are missing, an image at a time."""
    missing = {index: results.missing(unaries.name(index), sets) for index in range(len(unaries))}
    missing = {index: wanted for index, wanted in missing.items() if wanted}
    if not missing:
        return
    jobs = ((index, (*unaries[index], wanted, decode)) for index, wanted in missing.items())
    with dask_client(scheduler, processes) as client, \
            Progress("grid search", len(unaries) - len(missing), len(unaries), "image") as progress:
        threads = sum(client.ncores().values())
        progress.note(f"{len(sets) - 1} sets, {len(missing)} images to do, {threads} thread{'s' * (threads != 1)}")
        for index, found in in_parallel(client, score_sets, jobs):
            results.add(unaries.name(index), missing[index], found)
            progress.advance()


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--split", default="val", help="split of the dataset (default: val)")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, such as tcp://192.168.0.7:8786")
    parser.add_argument("--jobs", type=positive_integer, help="processes on this machine (default: its processors)")
    parser.add_argument("--write", action="store_true", help="write the best set into the configuration")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    build = build_folder(options, config)
    result = grid_search(config, build, options.split, options.scheduler, options.jobs)
    if result is None:
        return 0
    path = grid_search_path(build, options.split)
    write_atomically(path.with_suffix(".svg"), heat_map(result))
    write_atomically(path, json.dumps(result, indent=2, allow_nan=False) + "\n")
    print(format_search(result))
    print(f"\nwritten to {path} and {path.with_suffix('.svg')}")
    if options.write:
        write_crf(options.config, result["best"]["parameters"])
        print(f"the best set is in {options.config}; what was trained with another set stays as it is")
    return 0


if __name__ == "__main__":
    run_command(main)
