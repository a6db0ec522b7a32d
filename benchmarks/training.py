"""Time an iteration of training beside TensorFlow's: `python3 -m benchmarks.training --tensorflow FOLDER`.

For each dataset and stage four ways take turns, ROUNDS times: one process with one thread, one with all cores'
threads, what `make train` does without being asked, and TensorFlow on all cores, whose step has the same net, batch and
optimiser but always the softmax loss, as it has no CRF. The images are random pixels of the datasets' sizes, the
weights random. Printed are medians over the rounds and the median ratio to the last way, TensorFlow where it is there,
of the same round. Let nothing else run on the machine meanwhile; where something does, the ratios say more than the
seconds.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import json
import os
import statistics
from pathlib import Path

from benchmarks.measuring.training_iterations import (SIZES, in_new_processes, make_images, tensorflow_seconds,
                                                      time_iterations)
from benchmarks.results.training import table
from data_prep.number_types import positive_integer
from data_prep.progress import Progress
from experiments.runtime.command_line import run_command
from experiments.runtime.several_processes import Work
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from prototxt.stages import CNN, JOINT

CONFIGS = Path("experiments/configs")


def _parser():
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tensorflow", type=Path, help="folder of its packages; without it that way is left out")
    parser.add_argument("--datasets", nargs="+", choices=SIZES, default=list(SIZES), help="default: all")
    parser.add_argument("--stages", nargs="+", choices=(CNN, JOINT), default=[CNN, JOINT], help="default: both")
    parser.add_argument("--rounds", type=positive_integer, default=7, help="default: %(default)s")
    parser.add_argument("--iterations", type=positive_integer, default=5, help="timed in a round (default: 5)")
    parser.add_argument("--build", type=Path, default=Path("build/bench-training"), help="default: %(default)s")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser


def _ways(options, cores):
    """Return {who: a function of dataset and stage that returns (processes, seconds of each iteration)}."""
    def caffe(**variables):
        def run(dataset, stage):
            words = ["--measure", "--datasets", dataset, "--stages", stage, "--build", str(options.build),
                     "--iterations", str(options.iterations)]
            measured = in_new_processes(words, **variables)
            return measured["processes"], measured["seconds"]
        return run

    def tensorflow(dataset, stage):
        config = load_config(CONFIGS / f"{dataset}.yaml")
        classes = len(Build(options.build / dataset).metadata().classes)
        return 1, tensorflow_seconds(config, stage, classes, options.tensorflow, cores, options.iterations)

    ways = {"one thread": caffe(NP="1", OMP_NUM_THREADS="1"),
            f"one process, {cores} threads": caffe(NP="1", OMP_NUM_THREADS=str(cores)),
            "the default": caffe(NP=None, OMP_NUM_THREADS=str(cores))}
    return {**ways, "TensorFlow": tensorflow} if options.tensorflow else ways


def main(arguments=None):
    options = _parser().parse_args(arguments)
    if options.measure:
        [dataset], [stage] = options.datasets, options.stages
        config = load_config(CONFIGS / f"{dataset}.yaml")
        print(json.dumps(time_iterations(config, stage, Build(options.build / dataset), options.iterations)))
        return 0
    for dataset in options.datasets:
        make_images(load_config(CONFIGS / f"{dataset}.yaml"), options.build / dataset)
    ways, measured = _ways(options, len(os.sched_getaffinity(0))), {}
    pairs = [(dataset, stage) for dataset in options.datasets for stage in options.stages]
    with Progress("bench-training", 0, len(pairs) * options.rounds, "round") as progress:
        for pair in pairs:
            measured[pair] = {who: [] for who in ways}
            for _ in range(options.rounds):
                for who, run in ways.items():
                    processes, seconds = run(*pair)
                    measured[pair][who].append((processes, statistics.median(seconds)))
                progress.advance()
    print(table(measured))
    return 0


def find_work():
    options = _parser().parse_args()
    if not options.measure:
        return Work(1)
    settings = load_config(CONFIGS / f"{options.datasets[0]}.yaml").stage(options.stages[0])
    return Work(settings.batch * settings.iter_size, evenly=True)


if __name__ == "__main__":
    run_command(main, find_work)
