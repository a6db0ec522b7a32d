"""Calls of the compiled functions: from several threads, and with errors of other kinds than the solver's own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import theano_crf
from theano_crf.theano_functions import call

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


def test_an_allocation_of_numpys_that_fails_is_a_memory_error():
    def function():
        raise np.core._exceptions._ArrayMemoryError((1 << 50,), np.dtype(float))

    with pytest.raises(MemoryError, match="Unable to allocate"):
        call(function)
