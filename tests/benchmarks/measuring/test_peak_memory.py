"""Memory: what is counted and what is not."""

import os
import signal

import numpy as np
import pytest

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.peak_memory import forget_peak, peak, peak_extra_bytes
from benchmarks.measuring.problem import Source
from benchmarks.solvers import methods

MEGABYTE = 2 ** 20


def touch(megabytes):
    np.ones(megabytes * MEGABYTE, np.uint8)


def test_the_peak_is_that_since_it_was_forgotten():
    touch(200)
    before = forget_peak()
    touch(60)
    assert 59 * MEGABYTE < peak() - before < 70 * MEGABYTE
    assert 0 <= peak() - forget_peak() < 70 * MEGABYTE


def make_hungry(problem, unary, megabytes):
    prepared = np.ones(megabytes * MEGABYTE, np.uint8)

    def solve():
        touch(megabytes)
        return prepared[0]
    return solve


def test_what_a_method_prepares_and_what_it_needs_count_but_not_its_input():
    method = methods.Method("hungry", 40, 1, "-p", make_hungry)
    assert 79 * MEGABYTE < peak_extra_bytes(Source(height=40, width=48, labels=5), method) < 90 * MEGABYTE


def fail():
    raise ValueError("no luck")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_error_comes_back_and_a_killed_process_is_told():
    with pytest.raises(ValueError, match="no luck"):
        in_fresh_process(fail)
    with pytest.raises(RuntimeError, match="was killed, for want of memory perhaps"):
        in_fresh_process(die)
