"""Time of DualMM and the structured loss on arrays that lie on Theano's device, and its memory's bandwidth."""

import functools
import time

import numpy as np
import theano
from theano.gpuarray.basic_ops import as_gpuarray_variable

from benchmarks.measuring.neighbours import NEIGHBOURHOODS
from benchmarks.measuring.problem import Source
from benchmarks.measuring.timing import Run, Timing, time_in_turns
from data_prep.progress import Progress
from theano_crf import contrast_weights, graph
from theano_crf.theano_functions import keeping_memory

VOLUMES = 3   # a half step reads two, unary costs and what is withheld, and writes one
PASSES = 10   # over memory, timed together


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
    """Return the bytes per second that the memory moves in passes a = b - a / 2 over two arrays.

    Parameters
    ----------
    megabytes : int
        Size of each array; a multiple of the device's caches.
    rounds : int
        Of `PASSES` passes, after one that is not timed; the bandwidth is of their median.
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
    """Inference, on 4 and on 8 neighbours, and the structured loss on one batch, all of it on the device.

    Parameters
    ----------
    iterations : int
    """

    def __init__(self, iterations):
        volume, map_ = np.zeros((1, 1, 1, 1), np.float32), np.zeros((1, 1, 1), np.int32)
        self._unary, self._weights, self._truth = (theano.shared(array) for array in (volume, volume, map_))
        self._eight_weights = theano.shared(volume)
        solution = graph.dual_mm(self._unary, self._weights, iterations)
        eight = graph.dual_mm(self._unary, self._eight_weights, iterations, neighbours=NEIGHBOURHOODS["8"])
        loss = graph.ssvm(self._unary, self._weights, self._truth, iterations=iterations)
        outputs = {"DualMM": solution[:2], "8 neighbours": eight[:2], "SSVM": loss}
        self._functions = {name: theano.function([], _kept(variables), mode=keeping_memory())
                           for name, variables in outputs.items()}

    def runs(self, source, batch):
        """Return the runs on `batch` copies of a source: DualMM, with 8 neighbours, and the loss with its gradients."""
        problem = source.load()
        image = problem.image.transpose(2, 0, 1)[None] / np.float32(255)
        unary, weights, eight_weights = (np.repeat(array, batch, axis=0) for array in (
            problem.unary("-p"), problem.weights, contrast_weights(image, neighbours=NEIGHBOURHOODS["8"])))

        def prepare(function):
            self._unary.set_value(unary)
            self._weights.set_value(weights)
            self._eight_weights.set_value(eight_weights)
            self._truth.set_value(unary.argmin(axis=1).astype(np.int32))
            function()  # the memory of the last call fits this shape then
            return function
        return [Run(name, functools.partial(prepare, function)) for name, function in self._functions.items()]


def _kept(variables):
    """Return outputs that stay on the device; each of the Ops waits for its kernels itself, to read their results."""
    return [as_gpuarray_variable(variable, None) for variable in variables]


def measure_solver(sizes, batches, labels, iterations, rounds, bandwidth):
    """Time inference and the structured loss.

    Returns
    -------
    list of dict
        width, height, batch; seconds, a list for "DualMM", "8 neighbours" (DualMM on them) and "SSVM" each; floor, the
        seconds of the half steps' traffic at `bandwidth`, in bytes per second.
    """
    solver, rows = OnDevice(iterations), []
    with Progress("solver", 0, 3 * len(sizes) * len(batches) * (rounds + 1), "run") as progress:
        for width, height in sizes:
            for batch in batches:
                timings, _ = time_in_turns(solver.runs(Source(None, height, width, labels), batch), rounds, progress)
                traffic = 2 * iterations * VOLUMES * 4 * batch * labels * height * width
                rows.append({"width": width, "height": height, "batch": batch, "floor": traffic / bandwidth,
                             "seconds": {name: timing.seconds for name, timing in timings.items()}})
    return rows
