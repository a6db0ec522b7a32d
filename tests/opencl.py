"""A GPU as Theano's device where there is none: OpenCL on the processor, in processes of their own.

Theano's device is chosen when it is imported, so a test that needs another than the processor starts a process.
"""
import os
import subprocess
import sys

import pytest


def run_on_device(*arguments):
    """Run Python with Theano's device on OpenCL, or on what TEST_DEVICE names, such as cuda0; skip where there is none.

    Returns
    -------
    status : int
    output : str
        Of stdout and stderr.
    """
    device = os.environ.get("TEST_DEVICE", "opencl0:0")
    if device.startswith("opencl") and not _has_opencl():
        pytest.skip("there is no OpenCL device; Intel's runtime for processors is one, and the image has it")
    flags = filter(None, [os.environ.get("THEANO_FLAGS"), "print_active_device=False,device=" + device])
    environment = dict(os.environ, THEANO_FLAGS=",".join(flags))
    environment.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)
    if device.startswith("opencl"):
        environment["CL_CONFIG_CPU_VECTORIZER_MODE"] = "1"  # Intel's: not to vectorise halves the time to compile
    done = subprocess.run([sys.executable, *map(str, arguments)], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def _has_opencl():
    gpuarray = pytest.importorskip("pygpu.gpuarray")
    try:
        platforms = gpuarray.count_platforms("opencl")
        return any(gpuarray.count_devices("opencl", platform) for platform in range(platforms))
    except gpuarray.GpuArrayException:  # there is not even an OpenCL library
        return False
