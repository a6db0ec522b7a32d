"""The number of OpenMP's threads: set within the statement, and given back however it is left."""

import ctypes

import pytest

from benchmarks.measuring.threads import openmp_threads


def threads():
    return ctypes.CDLL("libgomp.so.1").omp_get_max_threads()


def test_the_number_holds_within_the_statement_alone():
    before = threads()
    with openmp_threads(before + 2):
        assert threads() == before + 2
        with openmp_threads(1):
            assert threads() == 1
        assert threads() == before + 2
    assert threads() == before


def test_an_error_gives_the_number_back():
    before = threads()
    with pytest.raises(KeyError), openmp_threads(before + 2):
        raise KeyError
    assert threads() == before
