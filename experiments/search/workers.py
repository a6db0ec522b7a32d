"""Work shared out with Dask: over this machine's cores, or over the workers of a scheduler that is running."""

import contextlib
import logging
import os
import signal
import tempfile
import warnings
from multiprocessing import resource_tracker

from distributed import Client, LocalCluster, as_completed
from distributed.scheduler import KilledWorker

SECONDS_TO_CONNECT = 30
# Tasks handed out a thread: one runs and one waits, so that none idles and few inputs are in memory.
TASKS_A_THREAD = 2


@contextlib.contextmanager
def dask_client(scheduler=None, processes=None):
    """Give a client of Dask.

    Parameters
    ----------
    scheduler : str, optional
        Address of a running scheduler, such as tcp://192.168.0.7:8786. Without it there are processes on this machine,
        of one thread each, that end with the context.
    processes : int, optional
        Their number (default: the processors that this process may use).

    Raises
    ------
    ConnectionError
        If there is no scheduler at that address, or it has no workers.
    """
    with contextlib.ExitStack() as stack:
        if scheduler is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dask-"))
            stack.enter_context(_one_thread_a_process())
            cluster = stack.enter_context(_cluster_that_outlives_a_signal(folder))
            processes = processes or len(os.sched_getaffinity(0))
            cluster.scale(processes)
            client = stack.enter_context(Client(cluster))
            client.wait_for_workers(processes)
            yield client
        else:
            yield stack.enter_context(_connected(scheduler))


@contextlib.contextmanager
def _one_thread_a_process():
    """Let processes that start meanwhile have one OpenMP thread; they read the variable when they load libraries."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _cluster_that_outlives_a_signal(folder):
    """Start a cluster without workers yet; SIGINT to the whole group of processes leaves it and them to the client.

    Threads and processes inherit the signals that are blocked: the cluster's thread starts here, the workers from it.
    """
    resource_tracker.ensure_running()  # it would let signals in again
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=None, memory_limit=0,
                            local_directory=folder, silence_logs=logging.ERROR)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _connected(address):
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT)
    except (OSError, ValueError) as error:
        raise ConnectionError(f"No Dask scheduler answers at {address} ({error}); start one with make dask-scheduler "
                              "and give its address, as in SCHEDULER=tcp://192.168.0.7:8786.") from None
    if not client.ncores():
        client.close()
        raise ConnectionError(f"The Dask scheduler at {address} has no workers; start some with make dask-workers "
                              f"SCHEDULER={address}.")
    return client


def in_parallel(client, function, jobs):
    """Call a function for each job on the client's workers.

    Parameters
    ----------
    client : distributed.Client
    function : callable
        The workers import it by its name.
    jobs : iterable of (key, arguments)
        Taken one by one as workers become free.

    Yields
    ------
    key, result
        As they come, in any order.

    Raises
    ------
    RuntimeError
        If a job has brought down several workers. What `function` raises is raised here.
    """
    running, keys = as_completed(), {}
    for key, arguments in jobs:
        while running.count() >= TASKS_A_THREAD * max(1, sum(client.ncores().values())):
            yield _result(next(running), keys)
        future = _submit(client, function, arguments)
        keys[future.key] = key
        running.add(future)
    for future in running:
        yield _result(future, keys)


def _submit(client, function, arguments):
    """Send the arguments inside the task, however large: the scheduler gives it to another worker if one dies."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Large object")
        return client.submit(function, *arguments, pure=False)


def _result(future, keys):
    key = keys.pop(future.key)
    try:
        return key, future.result()
    except KilledWorker:
        raise RuntimeError(f"Several workers died while they worked on {key}; look at their logs, start them again and "
                           "give the same command to go on.") from None
    except ImportError as error:
        raise RuntimeError(f"A worker lacks a module ({error}); start the workers with make dask-workers.") from None
