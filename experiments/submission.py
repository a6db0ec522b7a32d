"""The archive for Cityscapes' test server: `python3 -m experiments.submission --config CONFIG --root FOLDER`.

Labels the frames of the test split at full resolution, checks names, sizes and label ids of the PNG files and packs
them as <build>/submission-<row>.zip. Interrupted, it goes on when started again.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import zipfile

from experiments.nets.origin import check_labelling_nets
from experiments.prediction.server_archive import SPLIT, make_submission
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.runtime.several_processes import Work
from experiments.scoring.result_rows import JOINT, ROWS
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--root", required=True, help="folder of Cityscapes")
    parser.add_argument("--row", choices=[row.key for row in ROWS], default=JOINT.key,
                        help=f"of the paper's table 1 (default: {JOINT.key})")
    parser.add_argument("--subset", action="store_true",
                        help="take a split that is not whole, or smaller frames; the server would refuse them")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    build = build_folder(options, config)
    check_labelling_nets(config, build, crf=True)
    row = next(row for row in ROWS if row.key == options.row)
    archive = make_submission(build, options.root, row, config.image_scale, options.subset)
    if archive is None:
        return 0
    with zipfile.ZipFile(archive) as packed:
        count = len(packed.namelist())
    print(f"{archive}: label ids of {count} frames, {archive.stat().st_size / 1e6:.1f} MB; names, sizes and ids are "
          "checked")
    if row == JOINT:
        print("note the server's score as 'classes: <percent>' and 'categories: <percent>' in "
              f"{Build(build).server_score}, and the report's table 1 shows it")
    return 0


def find_work():
    options = _parser().parse_args()
    return Work(Build(build_folder(options, load_config(options.config))).metadata().splits.get(SPLIT, 1))


if __name__ == "__main__":
    run_command(main, find_work)
