"""Work shared out with Dask: threads of its processes, errors, and workers that die."""

import ctypes
import os
import signal

import pytest

from experiments.search.workers import dask_client, in_parallel


def threads_and_mask():
    """Threads of OpenMP, whether SIGINT is blocked, and the process."""
    return (ctypes.CDLL("libgomp.so.1").omp_get_max_threads(),
            signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()), os.getpid())


def end_the_first(place, note):
    """Kill the process that takes the first job, once."""
    if place == 0 and not os.path.exists(note):
        open(note, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return place


def end_always():
    os.kill(os.getpid(), signal.SIGKILL)


def fail(place):
    raise ValueError(f"job {place} cannot be done")


def lack():
    import nothing_of_that_name  # noqa: F401


def test_processes_have_a_thread_each_and_leave_sigint_to_the_client(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    with dask_client(processes=2) as client:
        client.wait_for_workers(2)
        found = [result for _, result in in_parallel(client, threads_and_mask, ((place, ()) for place in range(8)))]
    assert {(threads, blocked) for threads, blocked, _ in found} == {(1, True)}
    assert len({process for _, _, process in found}) == 2
    assert os.environ["OMP_NUM_THREADS"] == "7" and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_worker_that_dies_costs_nothing_but_what_always_kills_ends_in_one_sentence(tmp_path):
    with dask_client(processes=1) as client:
        jobs = ((place, (place, str(tmp_path / "note"))) for place in range(5))
        assert sorted(in_parallel(client, end_the_first, jobs)) == [(place, place) for place in range(5)]
        with pytest.raises(RuntimeError, match="Several workers died while they worked on a job"):
            list(in_parallel(client, end_always, [("a job", ())]))
        with pytest.raises(ValueError, match="job 3 cannot be done"):
            list(in_parallel(client, fail, [(3, (3,))]))
        with pytest.raises(RuntimeError, match="nothing_of_that_name.*make dask-workers"):
            list(in_parallel(client, lack, [(0, ())]))


def test_few_jobs_are_taken_ahead():
    taken = []

    def jobs():
        for place in range(12):
            taken.append(place)
            yield place, (place,)
    with dask_client(processes=1) as client:
        for done, _ in enumerate(in_parallel(client, abs, jobs()), 1):
            assert len(taken) <= done + 2
    assert len(taken) == 12
