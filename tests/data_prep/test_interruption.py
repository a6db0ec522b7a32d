"""Interruptions: SIGTERM is raised as Ctrl-C is, and the exit status names the signal."""

import os
import signal

import pytest

from data_prep.interruption import exit_status, raise_at_sigterm


@pytest.fixture
def handlers():
    """Puts the handlers of both signals back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_both_signals_raise_and_have_the_statuses_of_shells(handlers, number, status):
    raise_at_sigterm()
    with pytest.raises(KeyboardInterrupt) as interrupt:
        os.kill(os.getpid(), number)
        signal.pause()
    assert exit_status(interrupt.value) == status
