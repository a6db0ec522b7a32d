"""The number of OpenMP's threads, which the solver and the memory floor's triad take."""

import contextlib
import ctypes


@contextlib.contextmanager
def openmp_threads(count):
    """Within the `with` statement, work with `count` threads."""
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    openmp.omp_set_num_threads(count)
    try:
        yield
    finally:
        openmp.omp_set_num_threads(before)
