"""Score the rows of the paper's table 1 and a control: `python3 -m experiments.evaluate --config CONFIG`.

The scores of each split land in <build>/evaluation-<split>.json. Interrupted, it goes on when started again.

Further rows of results are scored beside them: those of trained variants of a stage, those that `make train-row` was
called for, and those of --rows, once and from then on. Weights that were trained with other settings than the
configuration has now are named below the table.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json

from data_prep.atomic_files import write_atomically
from experiments.mpi.processes import communicator
from experiments.prediction.evaluation import evaluate
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.scoring.evaluation_table import format_evaluations
from experiments.scoring.result_rows import ROWS, find_rows
from experiments.scoring.shown_rows import ask_for, shown_rows
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from experiments.training.kept_weights import changes_since_training


def _parser():
    parser = experiment_parser(__doc__)
    add_splits(parser, "splits that are scored")
    parser.add_argument("--rows", nargs="+", default=[], metavar="ROW", help="keys of further rows of results")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    build = Build(build_folder(options, config))
    for row in find_rows(options.rows):
        if row.candidates:
            raise ValueError(f"The row {row.key} is put together of {', '.join(one.key for one in row.candidates)}, "
                             "which a study alone does; name these, or run `make study`.")
        build.weights(row.stage)  # says what to run where they are missing
    if options.rows and communicator().rank == 0:
        ask_for(build, options.rows)
    further = find_rows(communicator().from_first([row.key for row in shown_rows(build)]))
    results = {}
    for split in options.split or config.scored_splits:
        results[split] = evaluate(config, build, split, further)
        if communicator().rank == 0:
            write_atomically(build.evaluation(split), json.dumps(results[split], indent=2, allow_nan=False) + "\n")
    print(format_evaluations(list(results.values())))
    if communicator().rank == 0:
        for sentence in changes_since_training(build, dict.fromkeys(row.stage for row in (*ROWS, *further))):
            print(f"\nnote: {sentence}")
    print(f"\nwritten to {', '.join(str(build.evaluation(split)) for split in results)}")
    return 0


def find_work():
    options = _parser().parse_args()
    config = load_config(options.config)
    return Work(Build(build_folder(options, config)).most_images(options.split or config.scored_splits))


if __name__ == "__main__":
    run_command(main, find_work)
