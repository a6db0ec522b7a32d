"""Cityscapes' official evaluation: `python3 -m experiments.official_evaluation --config CONFIG --root FOLDER`.

Labels the frames at full resolution, writes the label ids as PNG files below <build>/official/<split>, checks them and
has the package cityscapesscripts score them against gtFine. The scores land in
<build>/official-evaluation-<split>.json. Interrupted, it goes on when started again.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json

from data_prep.atomic_files import write_atomically
from experiments.prediction.official_rows import evaluate_officially
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.scoring.official_scores import format_table
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--root", required=True, help="folder of Cityscapes")
    parser.add_argument("--split", default="val", help="split of the dataset (default: val)")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    build = build_folder(options, config)
    result = evaluate_officially(config, build, options.split, options.root)
    if result is None:
        return 0
    path = Build(build).official_evaluation(options.split)
    write_atomically(path, json.dumps(result, indent=2, allow_nan=False) + "\n")
    print(format_table(result))
    print(f"\nwritten to {path}")
    return 0


def find_work():
    options = _parser().parse_args()
    return Work(Build(build_folder(options, load_config(options.config))).most_images([options.split]))


if __name__ == "__main__":
    run_command(main, find_work)
