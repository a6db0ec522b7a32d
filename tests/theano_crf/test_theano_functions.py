"""Calls of the compiled functions: from threads and forked processes, and with errors of other kinds than their own."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import theano_crf
from theano_crf.theano_functions import call

# The parent has compiled dual_mm, which is another module than energy, but not run it.
FORK = """
import multiprocessing
import numpy as np
import theano_crf
from theano_crf.theano_functions import theano_function

unary, weights = np.random.RandomState(0).rand(2, 1, 2, 20, 30)
theano_function("dual_mm", "argmin")
theano_crf.energy(unary, weights, np.zeros((1, 20, 30), int))
with multiprocessing.get_context("fork").Pool(1) as pool:
    forked = pool.apply_async(theano_crf.dual_mm, (unary, weights)).get(timeout=60)
assert (forked.labels == theano_crf.dual_mm(unary, weights).labels).all()
"""
# Another thread of the parent is amid a call, and stays so until the child is done.
FORK_AMID_A_CALL = """
import os, threading, time
import numpy as np
import theano_crf

unary, weights = np.random.RandomState(0).rand(2, 1, 2, 20, 30)
alone = theano_crf.dual_mm(unary, weights).labels.copy()
threading.Thread(target=theano_crf.dual_mm, args=np.random.RandomState(1).rand(2, 1, 2, 300, 300),
                 kwargs=dict(iterations=10 ** 7), daemon=True).start()
time.sleep(1)
child = os.fork()
if not child:
    os._exit(not (theano_crf.dual_mm(unary, weights).labels == alone).all())
for _ in range(600):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        os._exit(status != 0)
    time.sleep(0.1)
os.kill(child, 9)
os._exit(2)
"""
SHAPES = ((2, 20, 30), (4, 31, 17), (3, 40, 40))


def problems(count):
    generator = np.random.RandomState(5)
    for number in range(count):
        k, h, w = SHAPES[number % len(SHAPES)]
        yield (generator.rand(1, k, h, w).astype(np.float32), generator.rand(1, 2, h, w).astype(np.float32),
               generator.randint(0, k, (1, h, w)))


def results(problem):
    unary, weights, truth = problem
    solution, structured = theano_crf.dual_mm(unary, weights), theano_crf.ssvm(unary, weights, truth)
    return [np.copy(array) for array in (*solution, *structured)]


def test_threads_get_the_results_of_their_own_arrays():
    alone = list(map(results, problems(60)))
    with ThreadPoolExecutor(4) as threads:
        for expected, found in zip(alone, threads.map(results, problems(60))):
            for one, other in zip(expected, found):
                np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("code", [FORK, FORK_AMID_A_CALL], ids=["after", "amid"])
def test_a_forked_process_does_not_wait_for_threads_of_the_one_before(code):
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "OMP_NUM_THREADS": "2"},
                          stderr=subprocess.PIPE, universal_newlines=True)
    assert done.returncode == 0, done.stderr


def test_an_allocation_of_numpys_that_fails_is_a_memory_error():
    def function():
        raise np.core._exceptions._ArrayMemoryError((1 << 50,), np.dtype(float))

    with pytest.raises(MemoryError, match="Unable to allocate"):
        call(function)
