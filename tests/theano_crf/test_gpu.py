"""The CRF with a GPU as Theano's device: OpenCL on the processor, or what TEST_DEVICE names, such as cuda0.

Theano's device is chosen when it is imported, so the tests run in a process of their own: gpu_cases.py, and those
that do not mind where they run.
"""
import os
import subprocess
import sys

import pytest

FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = ("gpu_cases.py", "test_bad_input.py", "test_ssvm.py")


def has_opencl():
    """Whether there is any OpenCL device."""
    gpuarray = pytest.importorskip("pygpu.gpuarray")
    try:
        platforms = gpuarray.count_platforms("opencl")
        return any(gpuarray.count_devices("opencl", platform) for platform in range(platforms))
    except gpuarray.GpuArrayException:  # there is not even an OpenCL library
        return False


def test_on_the_device():
    device = os.environ.get("TEST_DEVICE", "opencl0:0")
    if device.startswith("opencl") and not has_opencl():
        pytest.skip("there is no OpenCL device; Intel's runtime for processors is one, and the image has it")
    flags = filter(None, [os.environ.get("THEANO_FLAGS"), "device=" + device])
    environment = dict(os.environ, THEANO_FLAGS=",".join(flags))
    environment.pop("THEANO_GPU_IS_ALREADY_ACTIVE", None)
    if device.startswith("opencl"):
        environment["CL_CONFIG_CPU_VECTORIZER_MODE"] = "1"  # Intel's: not to vectorise halves the time to compile
    tests = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"] +
                           [os.path.join(FOLDER, file) for file in FILES],
                           env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert tests.returncode == 0, "on %s:\n%s" % (device, tests.stdout)
