"""Segment photographs of any size: `python3 -m experiments.predict --dataset camvid IMAGE...`.

A photograph is scaled so that its longer side is that of the training images, since a net knows objects in the size
that they had there; --scale sets another factor. CNN and CRF both run at that scale, on which the CRF's costs depend:
in a larger raster neighbours differ less, and areas grow faster than their borders. The labels are then brought to the
photograph's size with smooth borders.

The model is that of the best settings (`make train-best`) where it is trained, else the joint one, else the CNN with
the CRF.

Each photograph gives <name>-overlay.png and <name>-labels.png (the dataset's label values, with a palette), and all of
them one legend.png.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import sys
from pathlib import Path

from data_prep.atomic_files import write_atomically
from data_prep.number_types import positive_real
from experiments.mpi.processes import communicator, share_out
from experiments.nets.origin import check_labelling_nets
from experiments.nets.segmenter import Segmenter
from experiments.prediction.own_lambda import trained_row
from experiments.prediction.predictor import Predictor, output_names
from experiments.prediction.row_labels import write_row_net
from experiments.reporting.plots import legend
from experiments.runtime.command_line import run_command
from experiments.runtime.several_processes import Work
from experiments.scoring.result_rows import find_rows
from experiments.settings.build_paths import FINAL, Build
from experiments.settings.config import load_config
from prototxt.stages import BEST, CNN, CONTROL, JOINT

CONFIGS = Path(__file__).with_name("configs")
STAGES = {"best": BEST, "joint": JOINT, CNN: CNN, CONTROL: CONTROL}
# The first that is trained.
DEFAULTS = ("best", "joint", CNN)


def _parser():
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", help="dataset that the net was trained on")
    source.add_argument("--config", type=Path, help="the experiment, instead of --dataset")
    parser.add_argument("--build", type=Path, help="folder of nets and weights (default: build/<dataset>)")
    parser.add_argument("--output", type=Path, help="folder of the pictures (default: <build>/predictions)")
    parser.add_argument("--row", metavar="ROW",
                        help="label as this row of results does, instead of --weights and --crf")
    parser.add_argument("--weights", choices=sorted(STAGES),
                        help="best: CNN and CRF trained together with the best settings; joint: with the paper's; "
                             "stage3: the CNN before that; control: the CNN trained on without the CRF (default: the "
                             "first of best, joint and stage3 that is trained)")
    parser.add_argument("--crf", action=argparse.BooleanOptionalAction, default=True,
                        help="take the CRF's labels (default), or the CNN's alone")
    parser.add_argument("--scale", type=positive_real, help="factor between photograph and net's input")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config_path = options.config or CONFIGS / f"{options.dataset}.yaml"
    dataset = options.dataset or load_config(config_path).dataset
    build = Build(options.build or Path("build") / dataset)
    output = options.output or build.predictions
    metadata = build.metadata()
    weights, net = _model(options, config_path, build)
    segmenter = Segmenter(net, weights, metadata.mean_bgr)
    predictor = Predictor(segmenter, metadata, output, options.scale)
    print(f"{weights}, trained on images of {segmenter.size[1]} x {segmenter.size[0]}")
    processes, failed = communicator(), 0
    for line, error in share_out(processes, list(zip(options.images, output_names(options.images))), predictor.attempt):
        if error is None:
            print(line, flush=True)
        else:
            failed += 1
            if processes.rank == 0:
                print(f"error: {error}", file=sys.stderr)
    if failed < len(options.images) and processes.rank == 0:
        write_atomically(output / "legend.png", legend(metadata.classes, metadata.label_ids))
        print(f"pictures are in {output}")
    return 1 if failed else 0


def _model(options, config_path, build):
    """Return the files of weights and net."""
    key, config = options.row, load_config(config_path)
    if key is None:
        name = options.weights or _first_trained(build)
        if name != "best" or not options.crf:
            check_labelling_nets(config, build, options.crf)
            return build.weights(STAGES[name]), build.deploy_net(options.crf)
        key = name
    check_labelling_nets(config, build, crf=False)  # a row's CRF is its own
    row, = find_rows([key])
    row = trained_row(config, build, row)
    return build.weights(row.stage), write_row_net(config, build, row)


def _first_trained(build):
    """Return the first of `DEFAULTS` that is trained, the joint model where none is."""
    return next((name for name in DEFAULTS if (build.stage(STAGES[name]) / FINAL).exists()), "joint")


def find_work():
    return Work(len(_parser().parse_args().images))


if __name__ == "__main__":
    run_command(main, find_work)
