"""Processes on stand-ins for MPI; under the real mpirun they are in tests/experiments/test_parallel.py."""

import threading

import numpy as np
import pytest

from experiments.mpi.processes import SingleProcess, communicator, share_out


class Rank:
    """One of several ranks, each in a thread of its own; `gather` waits for all of them."""

    def __init__(self, rank, said, barrier):
        self.rank, self.size, self._said, self._barrier = rank, len(said), said, barrier

    def gather(self, value):
        self._said[self.rank] = value
        self._barrier.wait(timeout=30)
        values = list(self._said)
        self._barrier.wait(timeout=30)  # none speaks again before all have heard
        return values


def shared_out(size, items):
    """Return {rank: results that `share_out` yields there} and the (rank, item) that were worked on."""
    said, barrier, results, worked = [None] * size, threading.Barrier(size), {}, []

    def run(rank):
        def work(item):
            worked.append((rank, item))
            return item ** 2
        results[rank] = list(share_out(Rank(rank, said, barrier), items, work))

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results, worked


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("count", [0, 1, 4, 6])
def test_every_rank_has_all_results_in_order_and_each_item_is_worked_on_once(size, count):
    items = list(range(10, 10 + count))
    results, worked = shared_out(size, items)
    assert results == {rank: [item ** 2 for item in items] for rank in range(size)}
    assert sorted(item for _, item in worked) == items
    shares = [sum(rank == worker for worker, _ in worked) for rank in range(size)]
    assert max(shares) - min(shares) <= 1


def test_one_process_says_and_hears_its_own(capsys):
    process, array = SingleProcess(), np.array([1.5, 2.5])
    assert process.gather("x") == ["x"] and process.from_first("y") == "y"
    process.copy_from_first(array)
    assert process.sum(array).tolist() == array.tolist() == [1.5, 2.5]
    process.note("nothing is written")
    process.complain("error: a sentence.")
    assert capsys.readouterr() == ("", "error: a sentence.\n")
    with pytest.raises(SystemExit) as ended:
        process.end(3)
    assert ended.value.code == 3


def test_without_mpirun_there_is_one_process(monkeypatch):
    monkeypatch.delenv("OMPI_COMM_WORLD_SIZE", raising=False)
    communicator.cache_clear()
    assert isinstance(communicator(), SingleProcess) and communicator() is communicator()
