"""SIGTERM raised as Ctrl-C is, so that the same tidying follows, and the exit status that tells which it was."""

import signal


def raise_at_sigterm():
    """Have SIGTERM raise a KeyboardInterrupt that holds its number."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number, frame):
    raise KeyboardInterrupt(number)


def exit_status(interrupt):
    """Exit status of a process that a KeyboardInterrupt ended, as shells have it: 128 and the signal's number."""
    number, = interrupt.args or (signal.SIGINT,)
    return 128 + number
