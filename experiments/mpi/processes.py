"""Communication among processes that `mpirun` started together; one process alone is the simplest case.

Each has a rank, 0 to size - 1. All must call the same methods in the same order.
"""

import atexit
import functools
import os
import pickle
import signal
import socket
import sys
import time
import traceback

import numpy as np

from experiments.mpi.notes import NOTES_VARIABLE, Note
from experiments.mpi.sum_in_pairs import add_in_pairs

# Seconds. A process waits for the others in short sleeps, which leave them the processor and let it notice signals.
LONGEST_SLEEP = 0.002
# What is done to a vector of fewer numbers takes less time than to exchange its shares.
SHARED = 1 << 16
# The other ranks keep an error back for this long. One that all ranks meet is thus said once, by rank 0, whose end ends
# them all.
GRACE_SECONDS = 2
# Rank 0 waits this long before it ends all, so that its last lines reach mpirun before the news of its end.
DELIVERY_SECONDS = 0.3
# `mpirun` forwards these signals alone, so the launcher sends them in place of those that end a process.
STAND_INS = {signal.SIGUSR1: signal.SIGINT, signal.SIGUSR2: signal.SIGTERM}
# Open MPI loads and unloads a library for InfiniBand that leaves its handlers of these signals behind: at such a signal
# the process would jump into memory that is gone.
SIGNALS_OF_LIBRARIES = (signal.SIGINT, signal.SIGTERM, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT)


class SingleProcess:
    """One process alone: every sum is its own value."""

    rank, size, rank_on_machine, size_on_machine = 0, 1, 0, 1
    note = Note(None, 0)

    def sum(self, array):
        """Return the sum of an array over all processes, the same to the last bit on each."""
        return array

    def gather(self, value):
        """Return the values of all ranks, as a list in their order, on each rank."""
        return [value]

    def from_first(self, value):
        """Return rank 0's value on each rank."""
        return value

    def copy_from_first(self, array):
        """Overwrite an array with rank 0's."""

    def are_shared(self, length):
        """Return whether the processes of a machine share out what is to be done to a vector of so many numbers."""
        return False

    def share(self, length):
        """Return the slice that is this process's share of such a vector, all of it where it is not shared out."""
        return slice(0, length)

    def complain(self, text):
        """Say on standard error why this process ends."""
        print(text, file=sys.stderr)

    def end(self, status):
        """End this process, and with a status other than 0 the others too."""
        sys.exit(status)


class MPIProcesses:
    """The processes of an MPI communicator, with the methods of `SingleProcess` and those that start a transfer.

    Data moves only during calls of MPI: a transfer's `Test()` moves on what can be, `Wait()` returns when it is done.

    Rank 0 speaks for all: standard output of the others is dropped.
    """

    def __init__(self, world):
        from mpi4py import MPI
        self._mpi, self._world = MPI, world
        self.rank, self.size = world.rank, world.size
        self.note = Note(os.environ.get(NOTES_VARIABLE), self.rank)
        try:
            self._machine = world.Split_type(MPI.COMM_TYPE_SHARED)
        except MPI.Exception:  # no network leads to another rank; mpirun says which
            time.sleep(DELIVERY_SECONDS)
            world.Abort(1)
        self.rank_on_machine, self.size_on_machine = self._machine.rank, self._machine.size
        if self.rank:
            sys.stdout = open(os.devnull, "w")
        sys.excepthook = self._end_by_exception

    def sum(self, array):
        total = np.array(array)
        _wait(self._world.Iallreduce(self._mpi.IN_PLACE, total))
        return total

    def start_sum(self, vector):
        """Begin to sum a float32 vector over all processes, in place; return the transfer.

        On one machine it is added up in pairs, see `add_in_pairs`; MPI's own order depends on the number of processes.
        """
        if self.size == 2 or self.size_on_machine < self.size:
            return self._world.Iallreduce(self._mpi.IN_PLACE, vector)
        return _SumOfShare(self._mpi, self._machine, vector, self._ends(vector.size),
                           then=lambda: self.start_exchange(vector).Wait())

    def are_shared(self, length):
        return self.size_on_machine > 1 and length >= SHARED

    def share(self, length):
        if not self.are_shared(length):
            return slice(0, length)
        ends = self._ends(length)
        return slice(ends[self.rank_on_machine], ends[self.rank_on_machine + 1])

    def _ends(self, length):
        return [length * rank // self.size_on_machine for rank in range(self.size_on_machine + 1)]

    def start_sum_of_share(self, vector, others):
        """Begin to sum this process's share of a float32 vector over the processes of its machine; return the transfer.

        The rest of the vector stays as it is, and must until the transfer is done. `others`, (size_on_machine - 1,
        length of the share) float32, is scratch memory.
        """
        return _SumOfShare(self._mpi, self._machine, vector, self._ends(vector.size), others)

    def start_exchange(self, vector):
        """Begin to give the processes of a machine each other's shares of a float32 vector; return the transfer."""
        return self._machine.Iallgatherv(self._mpi.IN_PLACE, [vector, np.diff(self._ends(vector.size))])

    def gather(self, value):
        content = np.frombuffer(pickle.dumps(value), np.uint8)
        sizes = np.empty(self.size, np.int64)
        _wait(self._world.Iallgather(np.array([content.size]), sizes))
        contents = np.empty(sizes.sum(), np.uint8)
        _wait(self._world.Iallgatherv(content, [contents, sizes]))
        ends = np.cumsum(sizes)
        return [pickle.loads(contents[end - size:end].tobytes()) for size, end in zip(sizes, ends)]

    def from_first(self, value):
        return self.gather(value if self.rank == 0 else None)[0]

    def copy_from_first(self, array):
        _wait(self._world.Ibcast(array))

    def complain(self, text):
        if self.rank or self.size_on_machine < self.size:
            text = f"rank {self.rank} of {self.size} on {socket.gethostname()}: {text}"
        if self.rank:
            time.sleep(GRACE_SECONDS)
        print(text, file=sys.stderr, flush=True)

    def end(self, status):
        if status:
            sys.stdout.flush()
            time.sleep(GRACE_SECONDS if self.rank else DELIVERY_SECONDS)
            self._world.Abort(status)
        self.gather(None)  # the others may have more to do
        sys.exit(status)

    def _end_by_exception(self, *exception):
        self.complain("".join(traceback.format_exception(*exception)).rstrip())
        self.end(1)


class _SumOfShare:
    """A transfer in which each process gets its share of the others' vectors and adds these up.

    MPI's own sum of the whole vector takes several times as long.
    """

    def __init__(self, mpi, machine, vector, ends, others=None, then=lambda: None):
        shares = [vector[start:end] for start, end in zip(ends, ends[1:])]
        self._mpi, self._rank, self._mine, self._then = mpi, machine.rank, shares[machine.rank], then
        if others is None:
            others = np.empty((machine.size - 1, self._mine.size), np.float32)
        self._others = others
        ranks = [rank for rank in range(machine.size) if rank != machine.rank]
        self._requests = [machine.Irecv(part, rank) for part, rank in zip(others, ranks)]
        self._requests += [machine.Isend(shares[rank], rank) for rank in ranks]

    def Test(self):
        return self._mpi.Request.Testall(self._requests)

    def Wait(self):
        self._mpi.Request.Waitall(self._requests)
        parts = list(self._others)
        parts.insert(self._rank, self._mine)
        add_in_pairs(parts, self._mine)
        self._then()


def _take_stand_ins():
    for stand_in, meant in STAND_INS.items():
        signal.signal(stand_in, functools.partial(_raise_instead, meant))


def _raise_instead(meant, number, frame):
    signal.raise_signal(meant)


def _wait(request):
    sleep = 0.0
    while not request.Test():
        time.sleep(sleep)
        sleep = min(sleep + 1e-5, LONGEST_SLEEP)


@functools.lru_cache(maxsize=None)
def communicator():
    """Return `MPIProcesses` if `mpirun` started this process together with others, else a `SingleProcess`."""
    size = int(os.environ.get("OMPI_COMM_WORLD_SIZE", 0))
    if size:
        _take_stand_ins()
    if size <= 1:
        return SingleProcess()
    import mpi4py
    handlers = {number: signal.getsignal(number) for number in SIGNALS_OF_LIBRARIES}
    mpi4py.rc.initialize = False  # as in theano_crf, whichever comes first
    from mpi4py import MPI
    MPI.Init()
    atexit.register(MPI.Finalize)
    for number, handler in handlers.items():
        signal.signal(number, handler)
    return MPIProcesses(MPI.COMM_WORLD)


def share_out(processes, items, work):
    """Yield `work(item)` for each item, in order and on every rank; each rank works on its share of the items.

    Parameters
    ----------
    processes : SingleProcess or MPIProcesses
    items : sequence
    work : callable
        Its results travel between the ranks, so they must be picklable.
    """
    for start in range(0, len(items), processes.size):
        mine = items[start + processes.rank:start + processes.rank + 1]
        own = [work(item) for item in mine]
        for results in processes.gather(own):
            yield from results
