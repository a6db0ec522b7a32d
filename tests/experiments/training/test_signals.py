"""Signals that wait until the work can end."""

import signal

import pytest

from experiments.training.signals import Interrupted, Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_raised_at_the_next_check_and_not_before(number):
    before = signal.getsignal(number)
    with Interruption() as interruption:
        interruption.check()
        signal.raise_signal(number)
        with pytest.raises(Interrupted) as interrupted:
            interruption.check()
        assert interrupted.value.status == 128 + number
    assert signal.getsignal(number) is before
