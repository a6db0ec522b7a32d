"""Measure the CRF's solver on a GPU: `DEVICE=cuda docker/run python3 -m benchmarks.gpu`.

Times DualMM and the structured loss on arrays that lie on the device, beside the time that the device's memory takes
for the half steps' traffic. Where Caffe has CUDA it also times FCN-8s and the CRF's share of a joint training step, on
GPU number GPU. Writes bench-gpu.txt and bench-gpu.json to the output folder. Let nothing else run on the GPU meanwhile.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import json
from pathlib import Path

from benchmarks.measuring.gpu_nets import caffe_has_cuda, measure_nets
from benchmarks.measuring.gpu_solver import measure_bandwidth, measure_solver, used_device
from benchmarks.measuring.problem import Source
from benchmarks.results.gpu import report
from data_prep.atomic_files import write_atomically
from data_prep.number_types import positive_integer, positive_real
from experiments.runtime.command_line import run_command

SIZES = ((1024, 512), (2048, 1024))  # width, height
BATCHES = (1, 8)
LABELS = 19
ITERATIONS = 15


def size(text):
    """Return (width, height) of WIDTHxHEIGHT, for argparse."""
    words = text.split("x")
    if len(words) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT, such as 1024x512")
    return tuple(positive_integer(word) for word in words)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/bench-gpu"), help="default: %(default)s")
    parser.add_argument("--sizes", type=size, nargs="+", default=SIZES, metavar="WIDTHxHEIGHT")
    parser.add_argument("--batches", type=positive_integer, nargs="+", default=BATCHES)
    parser.add_argument("--labels", type=positive_integer, default=LABELS)
    parser.add_argument("--iterations", type=positive_integer, default=ITERATIONS)
    parser.add_argument("--rounds", type=positive_integer, default=20)
    parser.add_argument("--megabytes", type=positive_integer, default=1024,
                        help="of each array that is moved to measure the bandwidth")
    parser.add_argument("--width", type=positive_real, default=1.0, help="of FCN-8s; 1 is VGG16's")
    parser.add_argument("--nets", choices=("gpu", "always", "never"), default="gpu",
                        help="when the nets are timed: where Caffe has CUDA (the default), always, or never")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    device = used_device()
    bandwidth = measure_bandwidth(options.megabytes, options.rounds)
    solver = measure_solver(options.sizes, options.batches, options.labels, options.iterations, options.rounds,
                            bandwidth)
    nets = {}
    if options.nets == "always" or (options.nets == "gpu" and caffe_has_cuda()):
        width, height = options.sizes[0]
        nets = measure_nets(Source(None, height, width, options.labels), options.rounds, options.output, options.width)
    results = {"device": device, "bandwidth": bandwidth, "labels": options.labels, "iterations": options.iterations,
               "solver": solver, "nets": nets}
    options.output.mkdir(parents=True, exist_ok=True)
    lines = report(results)
    write_atomically(options.output / "bench-gpu.json", json.dumps(results, indent=1) + "\n")
    write_atomically(options.output / "bench-gpu.txt", "\n".join(lines) + "\n")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    run_command(main)
