"""Work in a process of its own: its result, its error, and its end."""

import os
import signal

import pytest

from benchmarks.measuring.fresh_process import in_fresh_process


def fail():
    raise ValueError("no luck")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_result_comes_from_another_process():
    assert in_fresh_process(divmod, 17, 5) == (3, 2)
    assert in_fresh_process(os.getpid) not in (os.getpid(), in_fresh_process(os.getpid))


def test_an_error_comes_back():
    with pytest.raises(ValueError, match="no luck"):
        in_fresh_process(fail)


def test_a_killed_process_is_told():
    with pytest.raises(RuntimeError, match="was killed, for want of memory perhaps"):
        in_fresh_process(die)
