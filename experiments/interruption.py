"""SIGINT and SIGTERM, remembered until the work is at a place where it can end."""

import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """SIGINT or SIGTERM came; holds the signal's number."""

    @property
    def status(self):
        """The exit status of a process that a signal ended, as shells have it."""
        return 128 + self.args[0]


class Interruption:
    """Remembers a signal while it is used in a `with` statement."""

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
        """Raise `Interrupted` if a signal came."""
        if self.signal is not None:
            raise Interrupted(self.signal)
