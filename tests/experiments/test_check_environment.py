"""The environment's self-test: what it finds here, and what it says of parts that are missing or of another version."""

import os
import subprocess
import sys

import numpy
import pytest

from experiments import check_environment


def run_self_test(**variables):
    return subprocess.run([sys.executable, "-m", "experiments.check_environment"], env={**os.environ, **variables},
                          universal_newlines=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def states(done):
    """Return {part: (state, detail)} as the self-test printed it."""
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    rows = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {name: (state, detail) for name, state, detail in rows}


@pytest.fixture(scope="module")
def on_cpu():
    return run_self_test(DEVICE="cpu")


def test_what_the_cpu_needs_is_found(on_cpu):
    parts = states(on_cpu)
    assert on_cpu.returncode == 0 and on_cpu.stderr == ""
    for name in ("NumPy", "Caffe", "BLAS", "Theano", "libgpuarray"):
        assert parts[name][0] == "found", parts[name]
    assert parts["NumPy"][1] == numpy.__version__
    assert "99bd997" in parts["Caffe"][1]


def test_what_only_tests_need_may_be_missing(monkeypatch):
    monkeypatch.setattr(check_environment, "load_library", lambda name: None)
    part = check_environment.check_opencl()
    assert part.state == "missing" and not part.is_needed(True) and not part.is_needed(False)


def test_what_cuda_needs_is_asked_for_with_cuda_only(on_cpu):
    if states(on_cpu)["Caffe's CUDA"][0] == "found":
        pytest.skip("Caffe has CUDA here")
    done = run_self_test(DEVICE="cuda")
    assert done.returncode == 1
    assert "make docker DEVICE=cuda" in done.stderr
    assert done.stdout == on_cpu.stdout


def test_missing_module_is_a_part_with_a_remedy():
    module, part = check_environment.python_module("no_module_of_this_name", "Nothing")
    assert module is None
    assert part.state == "missing" and "no_module_of_this_name" in part.detail and "make docker" in part.remedy


def test_module_that_does_not_load_is_mismatched(tmp_path, monkeypatch):
    (tmp_path / "breaks_on_import.py").write_text("raise OSError('libbroken.so: wrong ELF class')")
    monkeypatch.syspath_prepend(str(tmp_path))
    module, part = check_environment.python_module("breaks_on_import", "Broken")
    assert module is None and part.state == "mismatched" and "wrong ELF class" in part.detail


@pytest.mark.parametrize("version, state", [("1.19.5", "found"), ("1.21.6", "found"), ("1.22.0", "mismatched"),
                                            ("2.4.6", "mismatched")])
def test_numpy_that_theano_does_not_work_with(monkeypatch, version, state):
    monkeypatch.setattr(numpy, "__version__", version)
    assert check_environment.check_numpy().state == state


def test_libraries_that_are_loaded(tmp_path):
    maps = tmp_path / "maps"
    maps.write_text("7f00-7f01 r-xp 00000000 08:01 12   /usr/lib/libone.so.1\n"
                    "7f01-7f02 rw-p 00000000 00:00 0    [stack]\n"
                    "7f02-7f03 r--p 00001000 08:01 12   /opt/libtwo.so\n")
    assert check_environment.mapped_libraries(maps) == {"libone.so.1", "libtwo.so"}
