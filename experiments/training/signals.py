"""SIGINT and SIGTERM, remembered until the work has come to a place where it can end."""

import signal

import numpy as np

from experiments.mpi.processes import communicator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """SIGINT or SIGTERM came; holds the signal's number."""

    @property
    def status(self):
        """The exit status of a process that a signal ended, as shells have it."""
        return 128 + self.args[0]


class Interruption:
    """Remembers SIGINT or SIGTERM within a `with` statement."""

    def __init__(self):
        self.signal = None

    def __enter__(self):
        self._previous = {number: signal.signal(number, self._remember) for number in SIGNALS}
        return self

    def __exit__(self, *exception):
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _remember(self, number, frame):
        self.signal = number

    def check(self):
        """Raise `Interrupted` if a signal came to this process or to another one of the same run."""
        came = communicator().sum(np.array([self.signal == number for number in SIGNALS], np.int32))
        if came.any():
            raise Interrupted(SIGNALS[came.argmax()])
