"""Memory that runs out inside a parallel region: a MemoryError, not the end of the process."""
import os
import subprocess
import sys

import pytest

# Replaces C++'s allocation, and lets one inside a parallel region fail. `allowed` counts down to it.
LIBRARY = """
#include <atomic>
#include <cstdlib>
#include <new>
#include <omp.h>

std::atomic<long> allowed(1L << 60);
extern "C" void set_allowed(long number) { allowed = number; }
extern "C" long get_allowed() { return allowed; }

void *operator new(std::size_t size)
{
    void *memory = omp_get_level() > 0 && allowed-- == 0 ? nullptr : std::malloc(size);
    if (!memory)
        throw std::bad_alloc();
    return memory;
}
void operator delete(void *memory) noexcept { std::free(memory); }
"""

PROGRAM = """
import ctypes
import sys

import numpy as np

import theano_crf

library, most = ctypes.CDLL(sys.argv[1]), 1 << 60
library.set_allowed.argtypes, library.get_allowed.restype = [ctypes.c_long], ctypes.c_long
generator = np.random.default_rng(0)
unary, weights = generator.normal(size=(2, 3, 20, 18)), 0.7 * generator.random((2, 4, 20, 18))
truth = generator.integers(0, 3, (2, 20, 18))
general = dict(neighbours=((0, 1), (1, 0), (1, 1), (1, -1)))
matrices = dict(compatibility=[[0, 1, 2], [1, 0, 1], [2, 1, 0]])
calls = {
    "viterbi": lambda: theano_crf.dual_mm(unary, weights[:, :2], decode="viterbi"),
    "late": lambda: theano_crf.dual_mm(unary, weights[:, :2], 40, "icm", tolerance=0),
    "general": lambda: theano_crf.dual_mm(unary, weights, decode="icm", **general),
    "gradient": lambda: theano_crf.ssvm(unary, weights, truth, decode="icm", **general, **matrices)}
call = calls[sys.argv[2]]
before = call()
library.set_allowed(most)
call()
allocations = most - library.get_allowed()
tried = sorted(set(np.linspace(0, allocations - 1, 100, dtype=int)))
for number in tried:
    library.set_allowed(int(number))
    try:
        call()
        raise AssertionError("allocation %d of %d has failed without an error" % (number, allocations))
    except MemoryError as error:
        assert str(error) == "not enough memory for the chains of one image", error
library.set_allowed(most)
for one, other in zip(before, call()):
    np.testing.assert_array_equal(one, other)
print(len(tried), "errors")
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    (folder / "allocation.cpp").write_text(LIBRARY)
    path = folder / "allocation.so"
    subprocess.run(["g++", "-std=c++11", "-shared", "-fPIC", "-fopenmp", str(folder / "allocation.cpp"), "-o",
                    str(path)], check=True)
    return str(path)


@pytest.mark.parametrize("call", ["viterbi", "late", "general", "gradient"])
def test_each_allocation_in_a_parallel_region_may_fail(call, library):
    environment = {**os.environ, "LD_PRELOAD": library, "OMP_NUM_THREADS": "1"}  # so the allocations keep their order
    done = subprocess.run([sys.executable, "-c", PROGRAM, library, call], env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) > 1, done.stdout
