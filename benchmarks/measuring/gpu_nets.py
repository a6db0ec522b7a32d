"""Time of a joint training step of FCN-8s on the device that DEVICE and GPU name, and of its parts."""

import os
from pathlib import Path

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.training_step import joint_solver, time_step
from data_prep.progress import Progress
from experiments.nets.device import use_device
from experiments.runtime.shared_libraries import load_library, mapped_libraries


def caffe_has_cuda():
    """Say whether the loaded Caffe was built with CUDA."""
    return any(library.startswith("libcudart") for library in mapped_libraries())


def measure_nets(source, rounds, folder, width):
    """Time steps of stage 4 in a process of their own.

    Parameters
    ----------
    source : benchmarks.measuring.problem.Source
        The frame.
    rounds : int
        Steps that are timed, after one that is not.
    folder : path
        The frame's LMDB and the nets are written below it.
    width : float
        Of the net, see `prototxt.fcn.Architecture`.

    Returns
    -------
    dict
        Lists of seconds, one entry per step, see `benchmarks.measuring.training_step.time_step`.
    """
    os.environ.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)  # of this process, not of the new one
    return in_fresh_process(_measure, source, rounds, str(folder), width)


def _measure(source, rounds, folder, width):
    wait = _do_nothing if use_device() is None else _cuda().cudaDeviceSynchronize
    solver = joint_solver(source, Path(folder) / "training-step", width)
    steps = []
    with Progress("training step", 0, rounds + 1, "step") as progress:
        for _ in range(rounds + 1):
            steps.append(time_step(solver, wait))
            progress.advance()
    return {part: [step[part] for step in steps[1:]] for part in steps[0]}


def _do_nothing():
    """Wait for the processor: it is done when it returns."""


def _cuda():
    [runtime] = [library for library in mapped_libraries() if library.startswith("libcudart")]
    return load_library(runtime)
