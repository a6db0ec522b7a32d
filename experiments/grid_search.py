"""Search a CRF's parameters on a split: `python3 -m experiments.grid_search --config CONFIG`.

Labels the images with every combination of the values under `grid` in the configuration. The unary costs are those of
stage 3, computed once and kept. Prints the best sets beside the paper's and the CNN alone, and writes
<build>/grid-search-<split>.json and a heat map, <build>/grid-search-<split>.svg. `make grid-search` runs it on all
cores. Interrupted, or given further values, it goes on with the results that are missing.

With --method dense the fully connected CRF is searched in the same way: values under `dense_grid`, the set of
pydensecrf's example in place of the paper's, files named dense-grid-search-<split>.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import contextlib
import json
from pathlib import Path

import theano_crf
from data_prep.atomic_files import write_atomically
from data_prep.digests import contents_digest
from data_prep.progress import Progress
from experiments.mpi.processes import communicator, share_out
from experiments.nets.origin import check_labelling_nets
from experiments.reporting.heat_map import heat_map
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.search.cnn_probabilities import Probabilities
from experiments.search.methods import METHODS, CRFSearch
from experiments.search.results import SearchResults
from experiments.search.summary import format_search, summarise
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from experiments.settings.edit_config import write_section

CNN_ALONE = None
SOURCES = (".py", ".hpp", ".cluda")


def grid_search(config, build, split, method=CRFSearch):
    """Score every set of the configuration's grid; several processes share the images out.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : pathlib.Path
        Build folder of the experiment, with its LMDB, nets and the weights of stage 3.
    split : str
    method : experiments.search.methods.CRFSearch or DenseSearch

    Returns
    -------
    dict
        See `experiments.search.summary.summarise`. Of several processes rank 0 alone has it, the others return None.

    Raises
    ------
    RuntimeError
        If a set cannot be scored; image and set are named.
    """
    build = Build(build)
    metadata, sets = build.metadata(split), method.sets(config)
    check_labelling_nets(config, build, crf=False)
    probabilities, processes = Probabilities(build, split, metadata, config.image_scale), communicator()
    wanted = [CNN_ALONE, *sets]
    mark = f"{probabilities.mark} {method.settings(config)} {_solver_digest()}"
    with contextlib.ExitStack() as stack:
        results = None
        if processes.rank == 0:
            path = build.grid_search(split, ".sqlite", method.file)
            results = stack.enter_context(contextlib.closing(SearchResults(path, mark)))
        _fill(results, probabilities, wanted, config, method)
        if results is None:
            return None
        names = [probabilities.name(index) for index in range(len(probabilities))]
        return summarise(results, sets, names, metadata, split, config, method)


def _solver_digest():
    """Return the digest of the solver's sources: results of different versions must not stand in one table."""
    folder = Path(theano_crf.__file__).parent
    return contents_digest(sorted(path for path in folder.rglob("*") if path.suffix in SOURCES))


def _fill(results, probabilities, sets, config, method):
    """Add the results that are missing, image by image; rank 0, which alone has `results`, adds those of all."""
    processes = communicator()
    missing = processes.from_first(results and _missing(results, probabilities, sets))
    if not missing:
        return
    indices = list(missing)

    def score(index):
        return index, _score(probabilities, index, missing[index], config, method)

    with Progress("grid search", len(probabilities) - len(missing), len(probabilities), "image") as progress:
        progress.note(f"{len(sets) - 1} sets, {len(missing)} images to do, {processes.size} "
                      f"process{'es' * (processes.size > 1)}")
        for index, scored in share_out(processes, indices, score):
            if results:
                results.add(probabilities.name(index), missing[index], scored)
            progress.advance()


def _missing(results, probabilities, sets):
    """Return {index of an image: its sets that have no result yet} for the images that have such sets."""
    by_image = {index: results.missing(probabilities.name(index), sets) for index in range(len(probabilities))}
    return {index: wanted for index, wanted in by_image.items() if wanted}


def _score(probabilities, index, sets, config, method):
    """Score an image's sets; image and set are noted for the launcher, and named in an error."""
    place = name = probabilities.name(index)

    def note(parameters):
        nonlocal place
        place = f"{name}, {parameters or 'the CNN alone'}"
        communicator().note(place)

    try:
        return method.score(*probabilities[index], sets, config, note)
    except MemoryError:
        raise RuntimeError(f"Memory ran out at {place}; take fewer processes with NP=<number>, or end other programs, "
                           "and start the same command again.") from None
    except (ValueError, RuntimeError, OSError) as error:
        raise RuntimeError(f"The grid search failed at {place}: {error}") from error


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--split", default="val", help="split of the dataset (default: val)")
    parser.add_argument("--method", choices=list(METHODS), default=CRFSearch.name,
                        help="crf: the CRF of the paper (default); dense: the fully connected one")
    parser.add_argument("--write", action="store_true", help="write the best set into the configuration")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    build, method = build_folder(options, config), METHODS[options.method]
    result = grid_search(config, build, options.split, method)
    if result is None:
        return 0
    path, picture = (Build(build).grid_search(options.split, suffix, method.file) for suffix in (".json", ".svg"))
    write_atomically(picture, heat_map(result, method))
    write_atomically(path, json.dumps(result, indent=2, allow_nan=False) + "\n")
    print(format_search(result, method))
    print(f"\nwritten to {path} and {path.with_suffix('.svg')}")
    if options.write:
        write_section(options.config, method.section, method.written(result["best"]["parameters"], config))
        print(f"the best set is in {options.config}; what was trained with another set stays as it is")
    return 0


def find_work():
    options = _parser().parse_args()
    return Work(Build(build_folder(options, load_config(options.config))).most_images([options.split]))


if __name__ == "__main__":
    run_command(main, find_work)
