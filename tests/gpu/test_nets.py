"""Caffe's GPU mode, by its own kernels and by cuDNN, against its CPU mode: the FCNs, forward and backward.

`make test-gpu` runs it on a GPU. Without one it runs on the processor twice, so that the comparison itself is tested.
"""

import os

import numpy as np
import pytest

from benchmarks.measuring.fresh_process import in_fresh_process
from tests.gpu.nets import ENGINES, difference, fcn, scores_and_gradients

# Sums of float32 in another order differ by 1e-6 or so, TensorFloat-32 by 1e-3. In the gradients, a unit that is zero
# but for rounding counts or not.
SCORES, GRADIENTS = 1e-4, 1e-3


def gpu_number():
    """The GPU that is tested; skip where there is none."""
    device = os.environ.get("TEST_DEVICE", "")
    if not device.startswith("cuda"):
        pytest.skip("no GPU was named; `make test-gpu` runs this on a machine that has one")
    return int(device[len("cuda"):] or 0)


@pytest.mark.parametrize("device, engine, stride, padding", [
    ("cpu", "CAFFE", 8, "fcn"), ("cpu", "CAFFE", 8, "same"), *[
        ("gpu", engine, *net) for engine in ENGINES for net in ((32, "fcn"), (16, "fcn"), (8, "fcn"), (8, "same"))]])
def test_scores_and_gradients_are_the_cpus(device, engine, stride, padding):
    number = gpu_number() if device == "gpu" else None
    expected = scores_and_gradients(fcn(stride, padding, "CAFFE").SerializeToString(), None, seed=stride)
    # in a process of its own: where a GPU's library finds an error, Caffe ends the process
    on_device = in_fresh_process(scores_and_gradients, fcn(stride, padding, engine).SerializeToString(), number, stride)
    assert on_device.keys() == expected.keys()
    differences = {name: difference(on_device[name], expected[name]) for name in expected}
    assert differences["score"] < SCORES
    assert max(differences.values()) < GRADIENTS, differences


def test_the_comparison_sees_what_tensorfloat_32_would_change():
    message = fcn(8, "same", "CAFFE").SerializeToString()
    expected = scores_and_gradients(message, None, seed=1)
    assert len(expected) > 35
    for name, array in expected.items():
        rounded = (array.view(np.uint32) & np.uint32(0xFFFFE000)).view(np.float32)  # ten bits of mantissa are left
        assert difference(array, array) == 0
        assert SCORES < difference(rounded, array)
    assert difference(expected["score"], scores_and_gradients(message, None, seed=2)["score"]) > GRADIENTS
