"""Train one stage: `python3 -m experiments.train --config CONFIG --stage 1|2|3|4|control`.

A stage ends at its limit of iterations or, where the configuration sets `patience`, when the IoU over classes on the
validation split has not risen for so many validations. The control takes as many iterations as stage 4 did. Below
<build>/<stage>:

  final.caffemodel   the weights at the end
  best.caffemodel    the weights of the validation with the highest IoU, the one of iteration 0 left out
  outcome.json       why it ended, and which of the two files later stages and the evaluation take: with `patience` the
                     best, as the IoU has not risen since; without it the final one
  log.jsonl          losses and scores

Started again, it goes on from the newest valid snapshot and names those that it passes over. One run at a time trains
in a build folder.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.settings.config import load_config
from experiments.training.signals import Interrupted
from experiments.training.train_stage import train_stage
from prototxt.stages import STAGES

NUMBERS = {name[len("stage"):]: name for name in STAGES if name.startswith("stage")}  # --stage 3 is --stage stage3


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--stage", required=True, choices=sorted({*STAGES, *NUMBERS}), metavar="STAGE",
                        help=f"one of {', '.join(STAGES)}, or the number of one")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    stage = NUMBERS.get(options.stage, options.stage)
    try:
        train_stage(config, stage, build_folder(options, config))
    except Interrupted as interrupted:
        print(f"{stage}: interrupted; the same command goes on from the last snapshot")
        return interrupted.status
    return 0


def find_work():
    options = _parser().parse_args()
    settings = load_config(options.config).stage(NUMBERS.get(options.stage, options.stage))
    return Work(settings.batch * settings.iter_size, evenly=True)


if __name__ == "__main__":
    run_command(main, find_work)
