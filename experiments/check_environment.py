"""The environment's self-test: says of each part whether it is found, missing or mismatched, and what to do.

Ends with status 1 where a part that DEVICE (cpu or cuda) needs is missing or mismatched. Parts that the device does not
need are listed too, so that a machine can be checked before it gets its GPU.
"""

import ctypes
import importlib
import os
import sys
from typing import NamedTuple

from experiments.runtime.shared_libraries import load_library, mapped_libraries

CAFFE_COMMIT = "99bd997"
NEWEST_NUMPY = (1, 22)  # the first that Theano 1.0.5 does not work with
CUDA = 13
CUDNN = 9
BUILD_IMAGE = "run `make docker`, and this through docker/run"
BUILD_CUDA_IMAGE = "run `make docker DEVICE=cuda`, and this through docker/run with DEVICE=cuda"
INSTALL_DRIVER = "install NVIDIA's driver, 580 or later, and start the container with its GPUs"


class Part(NamedTuple):
    """One part of the environment: `state` is "found", "missing" or "mismatched", `remedy` what to do if not found."""

    name: str
    state: str
    detail: str
    remedy: str = ""
    cuda_only: bool = False
    tests_only: bool = False

    def is_needed(self, on_cuda):
        """Say whether the device needs this part."""
        return not self.tests_only and (on_cuda or not self.cuda_only)


def compared(matches, name, detail, remedy, cuda_only=False):
    """Return a part that is there: "found" if it `matches` what is needed, else "mismatched"."""
    return Part(name, "found" if matches else "mismatched", detail, "" if matches else remedy, cuda_only)


def python_module(name, label, remedy=BUILD_IMAGE):
    """Return (module, None), or (None, the part that says that it is missing or does not load)."""
    try:
        return importlib.import_module(name), None
    except ModuleNotFoundError as error:
        return None, Part(label, "missing", str(error), remedy)
    except Exception as error:  # what loading a library can raise is not known
        return None, Part(label, "mismatched", f"does not load: {error}", remedy)


def check_numpy():
    numpy, problem = python_module("numpy", "NumPy")
    if problem:
        return problem
    version = tuple(int(number) for number in numpy.__version__.split(".")[:2])
    return compared(version < NEWEST_NUMPY, "NumPy", numpy.__version__, f"Theano needs one before 1.22; {BUILD_IMAGE}")


def caffe_source(libraries):
    """Return Debian's version of the source that the Caffe in use was built from, which names the commit."""
    if "libcaffe.so.1.0.0" in libraries:
        for folder in (sys.prefix, "/usr/local"):  # left there by docker/bundle and by the build from source
            noted = os.path.join(folder, "share", "caffe-version")
            if os.path.exists(noted):
                with open(noted) as file:
                    return file.read().strip()
    packages = "/var/lib/dpkg/status"
    if not os.path.exists(packages):
        return "unknown"
    with open(packages) as file:
        for package in file.read().split("\n\n"):
            if package.startswith("Package: libcaffe1\n"):
                return package.partition("\nVersion: ")[2].partition("\n")[0]
    return "unknown"


def check_caffe():
    caffe, problem = python_module("caffe", "Caffe")
    if problem:
        return [problem]
    libraries = mapped_libraries()
    source = caffe_source(libraries)
    with_cuda = any(library.startswith("libcudart") for library in libraries)
    by_onednn = "libcaffe-cpu.so" in libraries and os.environ.get("CAFFE_LAYERS") != "caffe"
    return [
        compared(CAFFE_COMMIT in source, "Caffe", f"{caffe.__version__}, source {source}",
                 f"the nets were tested with commit {CAFFE_COMMIT}; {BUILD_IMAGE}"),
        compared(by_onednn or with_cuda, "Caffe's convolutions", "by oneDNN" if by_onednn else "Caffe's own",
                 f"on the CPU oneDNN's take half the time; {BUILD_IMAGE}, and leave CAFFE_LAYERS out"),
        Part("Caffe's CUDA", "found", "built in", cuda_only=True) if with_cuda else
        Part("Caffe's CUDA", "missing", "this Caffe runs on the CPU only", BUILD_CUDA_IMAGE, cuda_only=True),
    ]


def check_blas():
    libraries = mapped_libraries()
    openblas = load_library("libopenblas.so.0")
    if not any("openblas" in library for library in libraries) or openblas is None:
        return Part("BLAS", "mismatched", "not OpenBLAS, so that nets are many times slower",
                    f"install libopenblas0-openmp, or: {BUILD_IMAGE}")
    openblas.openblas_get_config.restype = openblas.openblas_get_corename.restype = ctypes.c_char_p
    release = openblas.openblas_get_config().decode().split()[1]
    kernels = openblas.openblas_get_corename().decode()
    return compared(kernels != "Prescott", "BLAS", f"OpenBLAS {release}, kernels for {kernels}",
                    "OpenBLAS does not know this processor and took its oldest kernels; run this through docker/run, "
                    "or set OPENBLAS_CORETYPE, to Haswell for example")


def check_theano():
    _, problem = python_module("theano_crf", "Theano")  # it imports Theano, and keeps it from starting MPI
    if problem:
        return problem
    import theano
    detail = f"{theano.__version__}, device {theano.config.device}"
    if not theano.config.cxx:
        return Part("Theano", "mismatched", f"{detail}, without a C++ compiler", f"install g++, or: {BUILD_IMAGE}")
    return compared(theano.__version__.startswith("1.0.5"), "Theano", detail, f"1.0.5 was tested; {BUILD_IMAGE}")


def check_gpuarray():
    pygpu, problem = python_module("pygpu", "libgpuarray")
    return problem or Part("libgpuarray", "found", f"pygpu {pygpu.__version__}")


def check_gpuarray_libraries():
    """Check the libraries that libgpuarray opens when a GPU is chosen, by names without a version."""
    missing = [name for name in ("libcuda.so", "libnvrtc.so", "libcublas.so", "libnccl.so") if not load_library(name)]
    if missing:
        return Part("libgpuarray's CUDA", "missing", ", ".join(missing),
                    INSTALL_DRIVER if missing == ["libcuda.so"] else BUILD_CUDA_IMAGE, cuda_only=True)
    return Part("libgpuarray's CUDA", "found", "driver, NVRTC, cuBLAS and NCCL", cuda_only=True)


def check_cuda():
    runtime = load_library(f"libcudart.so.{CUDA}")
    if runtime is None:
        return Part("CUDA", "missing", f"no libcudart.so.{CUDA}", BUILD_CUDA_IMAGE, cuda_only=True)
    version = ctypes.c_int()
    runtime.cudaRuntimeGetVersion(ctypes.byref(version))
    return compared(version.value // 1000 == CUDA, "CUDA", f"{version.value // 1000}.{version.value % 1000 // 10}",
                    BUILD_CUDA_IMAGE, cuda_only=True)


def check_cudnn():
    cudnn = load_library(f"libcudnn.so.{CUDNN}")
    if cudnn is None:
        return Part("cuDNN", "missing", f"no libcudnn.so.{CUDNN}", BUILD_CUDA_IMAGE, cuda_only=True)
    cudnn.cudnnGetVersion.restype = ctypes.c_size_t
    version = cudnn.cudnnGetVersion()
    return Part("cuDNN", "found", f"{version // 10000}.{version // 100 % 100}.{version % 100}", cuda_only=True)


def check_gpu():
    driver = load_library("libcuda.so.1")
    if driver is None:
        return Part("GPU", "missing", "no NVIDIA driver", INSTALL_DRIVER, cuda_only=True)
    if driver.cuInit(0) != 0:
        return Part("GPU", "missing", "the driver finds no GPU", INSTALL_DRIVER, cuda_only=True)
    version, count = ctypes.c_int(), ctypes.c_int()
    driver.cuDriverGetVersion(ctypes.byref(version))
    driver.cuDeviceGetCount(ctypes.byref(count))
    name = ctypes.create_string_buffer(256)
    names = []
    for device in range(count.value):
        driver.cuDeviceGetName(name, len(name), device)
        names.append(name.value.decode())
    return compared(version.value >= 1000 * CUDA, "GPU", f"{', '.join(names)}; driver for CUDA {version.value // 1000}",
                    INSTALL_DRIVER, cuda_only=True)


def check_opencl():
    """Check OpenCL, on which the GPU kernels are tested where there is no GPU."""
    loader = load_library("libOpenCL.so.1")
    count = ctypes.c_uint()
    if loader is None or loader.clGetPlatformIDs(0, None, ctypes.byref(count)) != 0 or not count.value:
        return Part("OpenCL", "missing", "no loader or no platform; only tests need one", tests_only=True)
    return Part("OpenCL", "found", f"{count.value} platform" + "s" * (count.value > 1), tests_only=True)


def check_parts():
    """Return every part of the environment, as a list of Part."""
    return [check_numpy(), *check_caffe(), check_blas(), check_theano(), check_gpuarray(), check_opencl(),
            check_cuda(), check_cudnn(), check_gpuarray_libraries(), check_gpu()]


def main():
    parts = check_parts()
    width = max(len(part.name) for part in parts)
    for part in parts:
        print(f"{part.name:{width}}  {part.state:10}  {part.detail}")
    on_cuda = os.environ.get("DEVICE", "cpu") != "cpu"
    for part in parts:
        if part.remedy and part.is_needed(on_cuda):
            print(f"{part.name}: {part.remedy}", file=sys.stderr)
    return int(any(part.state != "found" and part.is_needed(on_cuda) for part in parts))


if __name__ == "__main__":
    sys.exit(main())
