"""Time of a joint training step of FCN-8s on the device that DEVICE and GPU name, and of its parts."""

import os

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.training_step import time_steps
from experiments.nets.device import use_device
from experiments.runtime.shared_libraries import load_library, mapped_libraries


def caffe_has_cuda():
    """Say whether the loaded Caffe was built with CUDA."""
    return any(library.startswith("libcudart") for library in mapped_libraries())


def measure_nets(source, rounds, folder, width):
    """Time steps of stage 4 in a process of their own.

    Parameters and result are those of `benchmarks.measuring.training_step.time_steps`.
    """
    os.environ.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)  # of this process, not of the new one
    return in_fresh_process(_measure, source, rounds, folder, width)


def _measure(source, rounds, folder, width):
    wait = _do_nothing if use_device() is None else _cuda().cudaDeviceSynchronize
    return time_steps(source, rounds, folder, width, wait)


def _do_nothing():
    """Do not wait: the processor has finished when a call returns."""


def _cuda():
    [runtime] = [library for library in mapped_libraries() if library.startswith("libcudart")]
    return load_library(runtime)
