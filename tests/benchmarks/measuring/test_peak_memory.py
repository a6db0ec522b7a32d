"""Peak memory: a method and its preparations count, its input does not."""

import numpy as np

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.peak_memory import forget_peak, peak, peak_extra_bytes
from benchmarks.measuring.problem import Source
from benchmarks.solvers import methods

MEGABYTE = 2 ** 20


def touch(megabytes):
    np.ones(megabytes * MEGABYTE, np.uint8)


def measure_growth():
    """Return the bytes by which the peak rises above a larger one that was forgotten, before and after the next."""
    touch(200)
    before = forget_peak()
    touch(60)
    return peak() - before, peak() - forget_peak()


def test_the_peak_is_that_since_it_was_forgotten():
    # In a process of its own: in this one earlier tests have freed memory that the next array may be given.
    risen, forgotten = in_fresh_process(measure_growth)
    assert 59 * MEGABYTE < risen < 70 * MEGABYTE
    assert 0 <= forgotten < 70 * MEGABYTE


def make_hungry(problem, unary, megabytes):
    prepared = np.ones(megabytes * MEGABYTE, np.uint8)

    def solve():
        touch(megabytes)
        return prepared[0]
    return solve


def test_what_a_method_prepares_and_what_it_needs_count_but_not_its_input():
    method = methods.Method("hungry", 40, 1, "-p", make_hungry)
    assert 79 * MEGABYTE < peak_extra_bytes(Source(height=40, width=48, labels=5), method) < 90 * MEGABYTE
