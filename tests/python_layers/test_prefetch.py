"""The process that prepares batches: order, errors and the signals of its group."""

import multiprocessing
import os
import signal
import subprocess
import sys

import pytest

from python_layers.prefetch import Prefetcher, open_connections


def failing_at_three():
    def load(iteration):
        if iteration == 3:
            raise ValueError("record 3 is bad")
        return iteration * 10
    return load


@pytest.fixture
def prefetcher():
    prefetcher = Prefetcher(failing_at_three)
    yield prefetcher
    prefetcher.close()


def test_delivers_what_is_asked_for_whatever_was_requested(prefetcher):
    prefetcher.request(1)
    assert prefetcher.get(1) == 10
    prefetcher.request(2)
    assert prefetcher.get(7) == 70
    assert prefetcher.get(8) == 80


def test_a_closed_connection_ends_its_process():
    connections, children = set(open_connections()), set(multiprocessing.active_children())
    prefetcher = Prefetcher(failing_at_three)
    [connection] = set(open_connections()) - connections
    [child] = set(multiprocessing.active_children()) - children
    assert prefetcher.get(1) == 10
    connection.close()
    child.join(10)
    assert not child.is_alive() and set(open_connections()) == connections


def test_an_error_is_raised_where_the_batch_is_taken(prefetcher):
    prefetcher.request(3)
    with pytest.raises(ValueError, match="record 3 is bad"):
        prefetcher.get(3)
    assert prefetcher.get(4) == 40


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_to_the_whole_group_are_left_to_the_parent(prefetcher, number):
    assert prefetcher.get(0) == 0
    os.kill(prefetcher._process.pid, number)
    assert prefetcher.get(1) == 10


def test_a_process_that_was_killed_is_named(prefetcher):
    assert prefetcher.get(0) == 0
    os.kill(prefetcher._process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="has died, killed as .* memory runs out"):
        prefetcher.get(1)


def test_a_process_that_is_dead_when_it_is_asked_is_named(prefetcher):
    os.kill(prefetcher._process.pid, signal.SIGKILL)
    prefetcher._process.join()
    with pytest.raises(RuntimeError, match="has died, killed as .* memory runs out"):
        prefetcher.request(1)


def test_a_source_that_cannot_be_opened_is_raised():
    def broken():
        raise OSError("no such folder")
    prefetcher = Prefetcher(broken)
    with pytest.raises(OSError, match="no such folder"):
        prefetcher.get(0)
    prefetcher.close()


def test_python_ends_without_closing_it():
    program = "from python_layers.prefetch import Prefetcher; p = Prefetcher(lambda: abs); p.get(-1); p.request(-2)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=600)


def test_a_process_ends_with_its_prefetcher_while_others_go_on():
    first, second = Prefetcher(lambda: abs), Prefetcher(lambda: abs)
    process = first._process
    del first
    process.join(timeout=600)
    assert process.exitcode == 0
    assert second.get(-5) == 5
    second.close()
