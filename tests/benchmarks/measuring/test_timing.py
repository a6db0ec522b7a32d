"""Turns, medians and quotients of times."""

import pytest

from benchmarks.measuring.timing import Run, Timing, time_in_turns


class Clock:
    """A clock that stands still unless `now` is changed."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Steps:
    def __init__(self):
        self.names = []

    def advance(self, status=""):
        self.names.append(status)


def test_runs_take_turns_and_the_first_round_does_not_count():
    clock, steps, order = Clock(), Steps(), []
    durations = {"a": iter([50, 1, 3, 2]), "b": iter([60, 10, 20, 60])}

    def run(name):
        def timed():
            order.append(name)
            clock.now += next(durations[name])
            return f"{name}{len(order)}"

        def prepare():
            clock.now += 1000  # not timed
            return timed
        return Run(name, prepare)

    timings, results = time_in_turns([run("a"), run("b")], 3, steps, clock)
    assert order == ["a", "b"] * 4 == steps.names
    assert timings == {"a": Timing((1, 3, 2)), "b": Timing((10, 20, 60))}
    assert results == {"a": "a1", "b": "b2"}


def test_median_and_range():
    timing = Timing((5.0, 1.0, 9.0, 2.0, 3.0))
    assert (timing.median, timing.least, timing.most) == (3.0, 1.0, 9.0)


def test_ratio_compares_times_of_the_same_round():
    # In the second round everything was ten times slower: the quotient of the medians would be 2 / 10.
    assert Timing((2.0, 20.0, 2.0)).ratio(Timing((1.0, 10.0, 10.0))) == pytest.approx(2.0)
