"""An unpacked archive at work: `.../run python3 -m pytest tests/docker/test_bundle_runs.py` on any machine."""

import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.fakes import REPOSITORY
from tests.docker.test_cuda_image import NET
from tests.theano_crf import twins

BUNDLE = os.environ.get("BUNDLE")

pytestmark = pytest.mark.skipif(not BUNDLE, reason="this does not run from an unpacked archive of `make bundle`")

# Parts of glibc, what a compiler brings, the driver.
MACHINES_OWN = {"ld-linux-x86-64", "ld", "libc", "libm", "libmvec", "libpthread", "libdl", "librt", "libutil",
                "libresolv", "libnss_files", "libnss_dns", "libnss_compat", "libstdc++", "libgcc_s", "libgomp",
                "libcuda"}
IMPORTED = ("caffe", "pygpu.gpuarray", "scipy.ndimage", "skimage.transform", "lmdb", "PIL.Image", "ssl", "ctypes",
            "matplotlib.pyplot", "google.protobuf.pyext._message", "mpi4py.MPI")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_all_libraries_are_of_the_archive_but_those_that_the_machine_gives():
    with open(Path(BUNDLE) / "share" / "cuda-libraries") as file:
        cuda = {line.split(".so")[0] for line in file}
    mapped = run(sys.executable, "-c",
                 f"import theano_crf, {', '.join(IMPORTED)}; print(open('/proc/self/maps').read())")
    libraries = {Path(line.split(maxsplit=5)[5]) for line in mapped.splitlines() if ".so" in line}
    compiled = re.search(r"base_compiledir=([^,]*)", os.environ["THEANO_FLAGS"]).group(1)
    elsewhere = {re.sub(r"(-2\.\d+)?\.so.*", "", path.name) for path in libraries
                 if not str(path).startswith((BUNDLE, compiled))}
    assert any(path.name.startswith("libcaffe.so") for path in libraries)
    assert {name for name in elsewhere if not name.startswith("libcudnn")} <= cuda | MACHINES_OWN


def test_every_module_of_the_repository_is_imported():
    names = ["tests.conftest", "hypothesis", "cityscapesscripts", "gco", "pydensecrf"]
    for package in ("data_prep", "experiments", "prototxt", "python_layers", "theano_crf"):
        for _, name, _ in pkgutil.walk_packages([str(REPOSITORY / package)], package + "."):
            if not name.endswith("__main__") and not name.startswith("theano_crf.gpu"):  # needs one as Theano's device
                names.append(name)
    assert len(names) > 80
    for name in names:
        importlib.import_module(name)


def test_a_net_runs_on_the_processor(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(NET)
    printed = run(sys.executable, "-c", f"import caffe; caffe.set_mode_cpu(); net = caffe.Net('{path}', caffe.TEST); "
                  "net.blobs['data'].data[...] = 2; net.forward(); print(set(net.blobs['conv'].data.ravel()))")
    assert printed.splitlines()[-1] == "{19.0}"  # 1 + 0.5 * 2 * 18


def test_the_crf_is_solved():
    import theano_crf
    unary, weights = twins.random_problem(0, 1, 3, 1, 8)  # a chain, so that the bound is the optimum
    solution = theano_crf.dual_mm(unary, weights, iterations=1)
    assert solution.energy[0] == pytest.approx(twins.least_energy(unary[0], weights[0]), abs=1e-5)
    assert solution.lower_bound[0] == pytest.approx(solution.energy[0], abs=1e-5)


def test_the_parts_licences_are_there():
    licences = {path.name: path.read_text() for path in Path(BUNDLE, "share", "licences").iterdir()}
    assert {"python3-theano", "python3-numpy", "libopenblas0-openmp", "openmpi-bin", "GPL-3"} <= set(licences)
    assert "University of California" in licences["caffe"]


def test_caffes_command_line_and_the_compiler():
    assert "1.0.0" in run("caffe", "--version")
    assert run("sh", "-c", "command -v g++").strip() == f"{BUNDLE}/compiler/g++"


def test_processes_talk_by_mpi(tmp_path):
    code = f"""from mpi4py.MPI import COMM_WORLD as world
open(f"{tmp_path}/{{world.rank}}", "w").write(str(world.allreduce(world.rank + 1)))"""
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    run("mpirun", *root, "--oversubscribe", "-np", "2", sys.executable, "-c", code)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"0": "3", "1": "3"}


def test_the_self_test_finds_all_but_a_gpu():
    done = subprocess.run([sys.executable, "-m", "experiments.check_environment"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    states = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    wanted = {"NumPy", "Caffe", "BLAS", "Theano", "libgpuarray"}
    if os.environ.get("DEVICE") == "cuda":
        wanted |= {"Caffe's CUDA", "CUDA", "cuDNN"}
    assert all(" found " in states[name] for name in wanted), done.stdout
    assert "99bd997" in states["Caffe"]
