"""Number of processes that a command starts: one per core unless NP or HOSTS names another, at most one per item."""

import os
import re
import sys
from typing import NamedTuple

from experiments.runtime.process_setup import gpu_number, named_threads

LAUNCHER = "experiments.parallel"


class Work(NamedTuple):
    """Items that the processes of a command share out.

    Attributes
    ----------
    images : int
    evenly : bool
        Whether each process must have as many images as the others, as those of an iteration of training.
    """

    images: int
    evenly: bool = False

    def processes(self, limit):
        """Return the largest number of processes, at most `limit`, that the images can be shared out to."""
        most = max(1, min(limit, self.images))
        return next(number for number in range(most, 0, -1) if not self.evenly or self.images % number == 0)

    def check(self, processes):
        """Raise a ValueError, one sentence, where the images cannot be shared out to so many processes."""
        if self.evenly and self.images % processes:
            divisors = [str(number) for number in range(1, self.images + 1) if self.images % number == 0]
            raise ValueError(f"{processes} processes cannot share the {self.images} images of an iteration (batch x "
                             f"iter_size) evenly; take a number that divides them: NP={' or '.join(divisors)}.")


def start_processes(find_work, environment=os.environ):
    """Replace this process by the launcher of several processes of the same command, where several are of use.

    NP is their number; without it there is one per core, but no more than OMP_NUM_THREADS says, and one on a GPU.
    HOSTS names machines, MPI_ARGS more options of mpirun. What `mpirun` has started itself goes on as it is.

    Parameters
    ----------
    find_work : callable
        Returns the command's `Work`. More processes than it has images are not started.
    environment : dict
        The environment variables.

    Raises
    ------
    ValueError
        If NP is no number of processes, or one that cannot share the work.
    """
    if "OMPI_COMM_WORLD_SIZE" in environment:
        return
    hosts, asked = environment.get("HOSTS"), environment.get("NP")
    words = [sys.executable, "-m", LAUNCHER]
    if hosts:
        words += ["--hosts", hosts, *(["--processes", asked] if asked else [])]
    else:
        work = find_work()
        if asked:
            work.check(number_of_processes(asked))
        number = work.processes(number_of_processes(asked) if asked else default_processes(environment))
        if number == 1:
            return
        words += ["--processes", str(number)]
    if environment.get("MPI_ARGS"):
        words.append(f"--mpirun={environment['MPI_ARGS']}")
    os.execve(sys.executable, [*words, sys.modules["__main__"].__spec__.name, *sys.argv[1:]], environment)


def number_of_processes(text):
    """Read a number of processes, 1 or more."""
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise ValueError(f"NP is '{text}'; it must be a number of processes, 1 or more.")
    return int(text)


def default_processes(environment):
    """Return the number of cores that this process may use, at most OMP_NUM_THREADS; 1 on a GPU."""
    if gpu_number(environment) is not None:
        return 1
    cores = len(os.sched_getaffinity(0))
    return min(cores, named_threads(environment) or cores)
