"""Interruptions: SIGTERM and Ctrl-C raise the same exception and so end alike, but with different exit statuses."""

import signal


def raise_at_sigterm():
    """Have SIGTERM raise a KeyboardInterrupt that holds its number."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number, frame):
    raise KeyboardInterrupt(number)


def exit_status(interrupt):
    """Return the exit status of a process that a KeyboardInterrupt ended: 128 + the signal's number, as in shells."""
    number, = interrupt.args or (signal.SIGINT,)
    return 128 + number
