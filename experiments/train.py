"""Train one stage: `python3 -m experiments.train --config CONFIG --stage 1|2|3|4|control`, or all that a row needs.

A stage ends at its limit of iterations or, where the configuration sets `patience`, when the IoU over classes on the
validation split has not risen for so many validations. The control takes as many iterations as stage 4 did. Below
<build>/<stage>:

  final.caffemodel   the weights at the end
  best.caffemodel    the weights of the validation with the highest IoU, the one of iteration 0 left out
  outcome.json       why it ended, and which of the two files later stages and the evaluation take: with `patience` the
                     best, as the IoU has not risen since; without it the final one
  log.jsonl          losses and scores

Started again, it goes on from the newest valid snapshot and names those that it passes over. One run at a time trains
a stage in a build folder. With --row ROW it trains what the row's weights need and is not there yet: the stages before,
and a variant of a stage that only this row has. From then on `make evaluate` and `make report` show the row.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import functools
import math

from experiments.mpi.processes import communicator
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.scoring.result_rows import ROWS_BY_KEY, find_rows, labelled_rows
from experiments.scoring.shown_rows import ask_for
from experiments.settings.config import load_config
from experiments.training.signals import Interrupted
from experiments.training.train_stage import train_stage
from prototxt.stages import STAGES, VARIANTS, stages_before

NUMBERS = {name[len("stage"):]: name for name in STAGES if name.startswith("stage")}  # --stage 3 is --stage stage3


def _parser():
    parser = experiment_parser(__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--stage", choices=sorted({*STAGES, *NUMBERS, *VARIANTS}), metavar="STAGE",
                      help=f"one of {', '.join([*STAGES, *VARIANTS])}, or the number of one")
    what.add_argument("--row", metavar="ROW", help=f"one of {', '.join(ROWS_BY_KEY)}")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    stages = _stages(options)
    for stage in stages:
        config.check_trainable(stage)
    try:
        for stage in stages:
            train_stage(config, stage, build_folder(options, config))
        if options.row and communicator().rank == 0:
            ask_for(build_folder(options, config), [row.key for row in labelled_rows(find_rows([options.row]))])
    except Interrupted as interrupted:
        print(f"{stage}: interrupted; the same command goes on from the last snapshot")
        return interrupted.status
    return 0


def _stages(options):
    """Return the stages to train, one after the other."""
    if options.stage:
        return [NUMBERS.get(options.stage, options.stage)]
    stages = [row.stage for row in labelled_rows(find_rows([options.row]))]
    return list(dict.fromkeys(needed for stage in stages for needed in (*stages_before(stage), stage)))


def find_work():
    options = _parser().parse_args()
    config = load_config(options.config)
    settings = [config.stage(stage) for stage in _stages(options)]
    return Work(functools.reduce(math.gcd, (one.batch * one.iter_size for one in settings)), evenly=True)


if __name__ == "__main__":
    run_command(main, find_work)
