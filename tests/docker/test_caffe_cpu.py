"""Caffe's layers of docker/caffe_cpu beside libcaffe's own, and a convolution beside SciPy's."""

import os
import subprocess
import sys
from pathlib import Path

import caffe
import numpy as np
import pytest
from scipy import signal

from experiments.runtime.shared_libraries import mapped_libraries
from tests.docker.layer_values import CASES, random_values

pytestmark = pytest.mark.skipif(
    not caffe.layer_type_list() or "libcaffe-cpu.so" not in mapped_libraries(),
    reason="this Caffe is not that of the CPU image")


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    """The values of `CASES` by the layers of docker/caffe_cpu, and by libcaffe's."""
    folder = tmp_path_factory.mktemp("layers")
    return [values_of_process(folder / f"values{layers}.npz", CAFFE_LAYERS=layers) for layers in ("", "caffe")]


def values_of_process(path, **variables):
    """Return what `tests.docker.layer_values` writes with these environment variables, {name: values}."""
    subprocess.run([sys.executable, "-m", "tests.docker.layer_values", path], check=True, timeout=300,
                   cwd=Path(__file__).parents[2], env={**os.environ, "GLOG_minloglevel": "2", **variables})
    return dict(np.load(path))


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_libcaffe(values, name):
    ours, own = [{key: value for key, value in found.items() if key.startswith(f"{name}: ")} for found in values]
    assert len(ours) >= 2 and set(ours) == set(own)
    for key in ours:
        scale = max(1, np.abs(own[key]).max())
        np.testing.assert_allclose(ours[key] / scale, own[key] / scale, atol=1e-6, err_msg=key)


def test_the_two_differ_in_the_last_bits(values):
    """Else both would be the same code, and the test above could not fail."""
    ours, own = [found["3 x 3: top"] for found in values]
    assert not np.array_equal(ours, own)


@pytest.fixture(scope="module")
def by_threads(tmp_path_factory):
    """The same values by one, two and three threads."""
    folder = tmp_path_factory.mktemp("threads")
    return [values_of_process(folder / f"values{threads}.npz", OMP_NUM_THREADS=str(threads)) for threads in (1, 2, 3)]


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_do_not_depend_on_the_number_of_threads(by_threads, name):
    for key in (key for key in by_threads[0] if key.startswith(f"{name}: ")):
        for others in by_threads[1:]:
            np.testing.assert_array_equal(others[key], by_threads[0][key], err_msg=key)


def test_convolution_is_scipys(values):
    weights, top = [values[0][f"without bias: {part}"] for part in ("weights", "top")]
    bottom = random_values(CASES["without bias"][1], 7)
    expected = [[sum(signal.correlate(plane, kernel, "valid") for plane, kernel in zip(image, kernels))
                 for kernels in weights] for image in bottom]
    np.testing.assert_allclose(top, expected, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("pooling of") or name == "pooling"])
def test_pooling_takes_the_same_pixels(values, name):
    for part in ("top", "bottom gradient"):
        np.testing.assert_array_equal(values[0][f"{name}: {part}"], values[1][f"{name}: {part}"])


def test_the_command_line_tool_takes_them_too():
    done = subprocess.run(["ldd", "/usr/bin/caffe"], stdout=subprocess.PIPE, check=True, timeout=60)
    libraries = [line.split()[0].decode() for line in done.stdout.splitlines()]
    assert libraries.index("libcaffe-cpu.so") < libraries.index("libcaffe.so.1.0.0")
