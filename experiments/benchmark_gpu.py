"""Measure the CRF's solver on a GPU: `THEANO_FLAGS=device=cuda0 docker/run python3 -m experiments.benchmark_gpu`.

DualMM and the structured loss on arrays that lie on the device, beside the time that its memory takes for the traffic
of the half steps; where Caffe has CUDA also FCN-8s and the CRF's share of a joint training step, on GPU number GPU.
Writes bench-gpu.txt and bench-gpu.json to the output folder. Let nothing else run on the GPU meanwhile.
"""

import argparse
import functools
import json
import os
import time
from pathlib import Path

import caffe
import numpy as np
import theano
from theano.gpuarray.basic_ops import as_gpuarray_variable

from experiments.check_environment import load_library, mapped_libraries
from experiments.command_line import positive_number, run_command
from experiments.crf_benchmark import training_step
from experiments.crf_benchmark.fresh_process import in_fresh_process
from experiments.crf_benchmark.problem import Source
from experiments.crf_benchmark.timing import Run, Timing, time_in_turns
from experiments.files import write_atomically
from experiments.progress import Progress
from theano_crf import graph

SIZES = ((1024, 512), (2048, 1024))  # width, height
BATCHES = (1, 8)
LABELS = 19
ITERATIONS = 15
VOLUMES = 3         # a half step reads two, unary costs and what is withheld, and writes one
PASSES = 10         # over memory, timed together
MOST_SECONDS = 0.008  # for DualMM on the first size, where the memory is an H200's
MOST_SHARE = 0.15     # of a joint step
MILLISECONDS = 1000


def used_device():
    """Return Theano's device, with the name that its driver gives it.

    Raises
    ------
    ValueError
        If it is not a GPU.
    """
    device = theano.config.device
    if not (device.startswith(("cuda", "opencl")) and theano.gpuarray.pygpu_activated):
        raise ValueError(f"Theano's device is {device}; name a GPU that it can use: THEANO_FLAGS=device=cuda0")
    return f"{device}, {theano.gpuarray.type.get_context(None).devname}"


def measure_bandwidth(megabytes, rounds):
    """Bytes a second that the memory moves in passes a = b - a / 2 over two arrays.

    Parameters
    ----------
    megabytes : int
        Size of each array; a multiple of the device's caches.
    rounds : int
        Of `PASSES` passes, after one that is not timed; the median counts.
    """
    one, other = (theano.shared(np.ones(megabytes * 250000, np.float32)) for _ in range(2))
    move = theano.function([], [], updates=[(one, other - one / 2)])
    seconds = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        for _ in range(PASSES):
            move()
        one.get_value(borrow=True, return_internal_type=True).sync()
        seconds.append(time.perf_counter() - begin)
    return VOLUMES * 1e6 * megabytes * PASSES / Timing(tuple(seconds[1:])).median


class OnDevice:
    """Inference and the structured loss on one batch, all of it on the device.

    Parameters
    ----------
    iterations : int
    """

    def __init__(self, iterations):
        volume, map_ = np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 1, 1), np.int32)
        self._unary, self._weights, self._truth = (theano.shared(array) for array in (volume, volume, map_))
        solution = graph.dual_mm(self._unary, self._weights, iterations)
        loss = graph.ssvm(self._unary, self._weights, self._truth, iterations=iterations)
        with theano.configparser.change_flags(allow_gc=False):  # as theano_crf's own functions
            self._dual_mm = theano.function([], _kept([solution.labels, solution.lower_bound]))
            self._ssvm = theano.function([], _kept(loss))

    def runs(self, source, batch):
        """Return what is timed on `batch` copies of a source: DualMM, and the loss with its gradients."""
        problem = source.load()
        unary, weights = (np.repeat(array, batch, axis=0) for array in (problem.unary("-p"), problem.weights))

        def prepare(function):
            self._unary.set_value(unary)
            self._weights.set_value(weights)
            self._truth.set_value(unary.argmin(axis=1).astype(np.int32))
            function()  # the memory of the last call fits this shape then
            return function
        return [Run(name, functools.partial(prepare, function))
                for name, function in (("DualMM", self._dual_mm), ("SSVM", self._ssvm))]


def _kept(variables):
    """Outputs that are not copied to the host. Each of the Ops waits for its kernels, as it reads what they found."""
    return [as_gpuarray_variable(variable, None) for variable in variables]


def measure_solver(sizes, batches, labels, iterations, rounds, bandwidth):
    """Time inference and the structured loss.

    Returns
    -------
    list of dict
        width, height, batch; seconds, a list for "DualMM" and "SSVM" each; floor, seconds of the half steps' traffic.
    """
    solver, rows = OnDevice(iterations), []
    with Progress("solver", 0, 2 * len(sizes) * len(batches) * (rounds + 1), "run") as progress:
        for width, height in sizes:
            for batch in batches:
                timings, _ = time_in_turns(solver.runs(Source(None, height, width, labels), batch), rounds, progress)
                traffic = 2 * iterations * VOLUMES * 4 * batch * labels * height * width
                rows.append({"width": width, "height": height, "batch": batch, "floor": traffic / bandwidth,
                             "seconds": {name: timing.seconds for name, timing in timings.items()}})
    return rows


def caffe_has_cuda():
    """Whether the Caffe that is loaded was built with CUDA."""
    return any(library.startswith("libcudart") for library in mapped_libraries())


def measure_nets(source, rounds, folder, width):
    """Time steps of stage 4 on Caffe's GPU, or its CPU where it has no CUDA, in a process of their own.

    Returns
    -------
    dict
        Lists of seconds, one entry a step: forward and backward of FCN-8s, crf, and step, all three with the data and
        the update.
    """
    os.environ.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)  # of this process, not of the new one
    return in_fresh_process(_measure_nets, source, rounds, str(folder), width)


def _measure_nets(source, rounds, folder, width):
    wait = _use_gpu() if caffe_has_cuda() else int
    solver = training_step._solver(source, Path(folder) / "training-step", width)
    steps = []
    with Progress("training step", 0, rounds + 1, "step") as progress:
        for _ in range(rounds + 1):
            steps.append(_step(solver, wait))
            progress.advance()
    return {part: [step[part] for step in steps[1:]] for part in steps[0]}


def _use_gpu():
    """Choose Caffe's GPU; return what waits for it."""
    caffe.set_device(int(os.environ.get("GPU", 0)))
    caffe.set_mode_gpu()
    [runtime] = [library for library in mapped_libraries() if library.startswith("libcudart")]
    return load_library(runtime).cudaDeviceSynchronize


def _step(solver, wait):
    """Forward, backward and update; return the seconds of each part."""
    net, seconds = solver.net, dict.fromkeys(("forward", "backward", "crf", "step"), 0.0)
    net.clear_param_diffs()
    wait()
    began = time.perf_counter()
    layers = list(enumerate(net._layer_names))
    for direction, work, order in (("forward", net._forward, layers), ("backward", net._backward, layers[::-1])):
        for index, name in order:
            begin = time.perf_counter()
            work(index, index)
            wait()
            if name in training_step.CRF_LAYERS:
                seconds["crf"] += time.perf_counter() - begin
            elif list(net._bottom_ids(index)):  # not the data
                seconds[direction] += time.perf_counter() - begin
    solver.apply_update()
    wait()
    seconds["step"] = time.perf_counter() - began
    return seconds


def report(results):
    """Lines of text: a table of the solver, and one of the training step if there is one."""
    lines = [f"{results['device']}: {results['bandwidth'] / 1e9:.0f} GB/s", "",
             f"{'ms, ' + str(results['iterations']) + ' iterations':28}{'DualMM':>10}{'SSVM':>10}{'floor':>10}"]
    for row in results["solver"]:
        medians = [MILLISECONDS * Timing(tuple(row["seconds"][name])).median for name in ("DualMM", "SSVM")]
        lines.append("{:28}{:>10.2f}{:>10.2f}{:>10.2f}".format(
            f"{row['width']} x {row['height']} x {results['labels']}, batch {row['batch']}", *medians,
            MILLISECONDS * row["floor"]))
    first = Timing(tuple(results["solver"][0]["seconds"]["DualMM"])).median
    lines += ["", f"target on an H200: the first DualMM within {MILLISECONDS * MOST_SECONDS:.0f} ms: "
              + ("met" if first <= MOST_SECONDS else "missed")]
    if results["nets"]:
        medians = {part: Timing(tuple(seconds)).median for part, seconds in results["nets"].items()}
        share = medians["crf"] / medians["step"]
        lines += ["", "joint training step, FCN-8s: " + ", ".join(
            f"{part} {MILLISECONDS * seconds:.1f} ms" for part, seconds in medians.items()),
            f"target: the CRF's share within {MOST_SHARE:.0%}: {share:.1%}, "
            + ("met" if share <= MOST_SHARE else "missed")]
    return lines


def size(text):
    """Return (width, height) of WIDTHxHEIGHT, for argparse."""
    words = text.split("x")
    if len(words) != 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not WIDTHxHEIGHT, such as 1024x512")
    return tuple(positive_number(word) for word in words)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("build/bench-gpu"), help="default: %(default)s")
    parser.add_argument("--sizes", type=size, nargs="+", default=SIZES, metavar="WIDTHxHEIGHT")
    parser.add_argument("--batches", type=positive_number, nargs="+", default=BATCHES)
    parser.add_argument("--labels", type=positive_number, default=LABELS)
    parser.add_argument("--iterations", type=positive_number, default=ITERATIONS)
    parser.add_argument("--rounds", type=positive_number, default=20)
    parser.add_argument("--megabytes", type=positive_number, default=1024, help="of memory moved for the bandwidth")
    parser.add_argument("--width", type=float, default=1.0, help="of FCN-8s; 1 is VGG16's")
    parser.add_argument("--nets", choices=("gpu", "always", "never"), default="gpu",
                        help="time the nets: where Caffe has CUDA (the default), on its CPU, too, or not")
    options = parser.parse_args(arguments)
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
