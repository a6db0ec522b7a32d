"""The CUDA image, as far as it can be tested without a GPU: `make test-cuda-image` runs these tests in it."""

import ctypes
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

ARCHITECTURES = Path("/usr/local/share/caffe-architectures")

pytestmark = pytest.mark.skipif(not ARCHITECTURES.exists(), reason="this is not the CUDA image")

# cuDNN's layers need a GPU even in a net that runs on the processor
NET = """
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 5 dim: 6 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 1 kernel_size: 3 engine: CAFFE
                            weight_filler { type: "constant" value: 0.5 } bias_filler { type: "constant" value: 1 } } }
"""


def test_caffe_starts():
    done = subprocess.run(["caffe", "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and b"1.0.0" in done.stdout


def test_there_is_one_caffe_and_it_has_cuda_cudnn_and_nccl():
    import caffe
    assert caffe.__file__.startswith("/usr/local/lib/python3.9/")
    assert caffe.has_nccl()
    with open("/proc/self/maps") as maps:
        loaded = {Path(line.split()[-1]).name for line in maps if ".so" in line}
    for library in ("libcudart.so.13", "libcublas.so.13", "libcurand.so.10", "libcudnn.so.9", "libnccl.so.2"):
        assert any(name.startswith(library) for name in loaded), library


def test_theano_and_pygpu_load_beside_it():
    import caffe  # noqa: F401
    import pygpu
    import theano
    x = theano.tensor.fvector()
    np.testing.assert_array_equal(theano.function([x], x + 1)(np.float32([1, 2])), [2, 3])
    assert pygpu.__version__


def test_kernels_for_each_architecture():
    named = os.environ.get("GPU_ARCHITECTURES") or "75 80 86 89 90"
    assert {f"sm_{one}" for one in named.split()} <= set(ARCHITECTURES.read_text().split())


@pytest.mark.parametrize("name", ["libnvrtc.so", "libcublas.so", "libnccl.so"])
def test_names_that_libgpuarray_opens(name):
    ctypes.CDLL(name)


def test_net_on_the_processor(tmp_path):
    import caffe
    path = tmp_path / "net.prototxt"
    path.write_text(NET)
    caffe.set_mode_cpu()
    net = caffe.Net(str(path), caffe.TEST)
    image = np.random.RandomState(0).rand(1, 2, 5, 6).astype(np.float32)
    net.blobs["data"].data[...] = image
    net.forward()
    expected = [[1 + 0.5 * image[0, :, y:y + 3, x:x + 3].sum() for x in range(4)] for y in range(3)]
    np.testing.assert_allclose(net.blobs["conv"].data[0, 0], expected, rtol=1e-5)


def test_self_test_finds_cuda():
    done = subprocess.run(["python3", "-m", "experiments.check_environment"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    parts = {line.split("  ")[0] for line in done.stdout.splitlines() if " found " in line}
    assert {"Caffe", "Caffe's CUDA", "CUDA", "cuDNN", "Theano", "OpenCL"} <= parts, done.stdout
