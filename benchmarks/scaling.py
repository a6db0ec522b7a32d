"""Time an iteration on one and on two processes: `python3 -m benchmarks.scaling --config CONFIG`.

Each process has one thread and its own batches: the work per process stays the same, and what an iteration takes longer
on two processes is the cost of sharing. The nets start from random weights. Then projects the share of communication on
GPUs from the bytes of gradients, for an assumed bandwidth and time of computation.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import json
from pathlib import Path

import caffe

from benchmarks.measuring.shared_iterations import on_processes, time_iterations
from benchmarks.results.scaling import projection, table_lines
from data_prep.number_types import positive_integer, positive_real
from experiments.mpi.gradients import gradient_bytes
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.build_paths import Build, existing
from experiments.settings.config import load_config
from prototxt.stages import JOINT, STAGES


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--stage", default=JOINT, choices=STAGES, help="default: %(default)s")
    parser.add_argument("--iterations", type=positive_integer, default=20, help="how many are timed (default: 20)")
    parser.add_argument("--processes", type=positive_integer, nargs="+", default=(1, 2), help="default: 1 2")
    parser.add_argument("--gpu-net", type=Path, default=Path("prototxt/cityscapes/stage4/deploy.prototxt"),
                        help="net whose gradients the projection takes (default: the paper's)")
    parser.add_argument("--bandwidth", type=positive_real, default=12.5, help="GB/s per link, assumed (default: 12.5)")
    parser.add_argument("--gpu-seconds", type=positive_real, default=0.2,
                        help="of computation per iteration, assumed (default: 0.2)")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    build = build_folder(options, load_config(options.config))
    solver = existing(Build(build).net(options.stage, "solver"), "nets")
    if options.measure:
        print(json.dumps(time_iterations(solver, options.iterations)), flush=True)
        return 0
    print(f"{options.config}, {options.stage}, one thread per process, {options.iterations} iterations\n", flush=True)
    words = ["benchmarks.scaling", "--config", str(options.config), "--build", str(build), "--stage", options.stage,
             "--iterations", str(options.iterations), "--measure"]
    for line in table_lines(on_processes(processes, words) for processes in options.processes):
        print(line, flush=True)
    gradients = gradient_bytes(caffe.Net(str(options.gpu_net), caffe.TEST))
    print(f"\n{options.gpu_net}: {projection(gradients, options.bandwidth, options.gpu_seconds)}")
    return 0


if __name__ == "__main__":
    run_command(main)
