"""Time an iteration on one and on two processes: `python3 -m benchmarks.scaling --config CONFIG`.

Each process has one thread and its own batches, so that the work a process stays the same; what an iteration takes
longer on two is what sharing costs. The nets start from random weights. Then projects the share of communication on
GPUs from the bytes of gradients, for an assumed bandwidth and time of computation.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import caffe
import numpy as np

from data_prep.number_types import positive_integer, positive_real
from experiments.mpi.data_parallel import start_alike, tell_caffe
from experiments.mpi.gradients import gradient_bytes, gradient_mean
from experiments.mpi.processes import communicator
from experiments.nets.device import use_device
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.build_paths import Build, existing
from experiments.settings.config import load_config
from prototxt.stages import JOINT, STAGES

WARM_UP = 3  # iterations: Theano compiles, memory is allocated


def measure(solver_path, iterations):
    """Time iterations of a stage in this process, one of several or alone.

    Returns
    -------
    dict
        ``processes``; ``bytes`` of gradients that are summed in an iteration; ``seconds`` of an iteration, the median,
        and ``communication``, the mean of those that a process spent on the sums, waiting included.
    """
    processes = communicator()
    tell_caffe(processes)
    use_device()
    solver = caffe.get_solver(str(solver_path))
    start_alike(processes, solver.net, None)
    mean, seconds, communication = gradient_mean(solver, processes), [], []
    for _ in range(WARM_UP + iterations):
        began, spent = time.perf_counter(), mean.seconds
        solver.net.clear_param_diffs()
        solver.net.forward()
        mean.begin()
        solver.net.backward()
        mean.finish()
        solver.apply_update()
        seconds.append(time.perf_counter() - began)
        communication.append(mean.seconds - spent)
    gathered = processes.gather((np.median(seconds[WARM_UP:]), np.mean(communication[WARM_UP:])))
    return {"processes": processes.size, "bytes": gradient_bytes(solver.net) if processes.size > 1 else 0,
            "seconds": float(np.mean([one for one, _ in gathered])),
            "communication": float(np.mean([one for _, one in gathered]))}


def ring_seconds(size, processes, bandwidth):
    """Return the seconds that a ring takes to sum `size` bytes over processes, each link of `bandwidth` bytes a second.

    Each link carries every part of the sum twice, but for the parts of its own end: once to add up, once to hand out.
    """
    return 2 * (processes - 1) / processes * size / bandwidth


def _measured(options, processes):
    command = [sys.executable, "-m", "experiments.parallel", "--processes", str(processes), "benchmarks.scaling",
               "--config", str(options.config), "--stage", options.stage, "--iterations", str(options.iterations),
               "--measure", *(["--build", str(options.build)] if options.build else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True,
                          env={**os.environ, "OMP_NUM_THREADS": str(processes)})
    if done.returncode:
        raise RuntimeError(f"The measurement on {processes} processes ended with status {done.returncode}; the lines "
                           "above say why.")
    return json.loads(done.stdout.splitlines()[-1])


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--stage", default=JOINT, choices=STAGES, help="default: %(default)s")
    parser.add_argument("--iterations", type=positive_integer, default=20, help="how many are timed (default: 20)")
    parser.add_argument("--processes", type=positive_integer, nargs="+", default=(1, 2), help="default: 1 2")
    parser.add_argument("--gpu-net", type=Path, default=Path("prototxt/cityscapes/stage4/deploy.prototxt"),
                        help="net whose gradients the projection takes (default: the paper's)")
    parser.add_argument("--bandwidth", type=positive_real, default=12.5, help="GB/s of a link, assumed (default: 12.5)")
    parser.add_argument("--gpu-seconds", type=positive_real, default=0.2,
                        help="of an iteration's computation, assumed (default: 0.2)")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    build = build_folder(options, load_config(options.config))
    solver = existing(Build(build).net(options.stage, "solver"), "nets")
    if options.measure:
        print(json.dumps(measure(solver, options.iterations)), flush=True)
        return 0
    print(f"{options.config}, {options.stage}, one thread per process, {options.iterations} iterations\n\n"
          f"{'processes':>9}{'s per iteration':>16}{'s of it sums':>14}{'share':>8}{'MB summed':>11}", flush=True)
    for processes in options.processes:
        measured = _measured(options, processes)
        share = 100 * measured["communication"] / measured["seconds"]
        print(f"{processes:>9}{measured['seconds']:>16.4f}{measured['communication']:>14.4f}{share:>6.1f} %"
              f"{measured['bytes'] / 1e6:>11.2f}", flush=True)
    size = gradient_bytes(caffe.Net(str(options.gpu_net), caffe.TEST))
    print(f"\n{options.gpu_net}: {size / 1e6:.0f} MB of gradients; assumed are {options.bandwidth:g} GB/s a link and "
          f"{options.gpu_seconds:g} s of computation\n\n"
          f"{'GPUs':>9}{'s of sums':>16}{'share, nothing overlapped':>28}")
    for processes in (8, 64):
        seconds = ring_seconds(size, processes, 1e9 * options.bandwidth)
        print(f"{processes:>9}{seconds:>16.3f}{100 * seconds / (seconds + options.gpu_seconds):>26.0f} %")
    return 0


if __name__ == "__main__":
    run_command(main)
