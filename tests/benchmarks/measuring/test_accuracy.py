"""Accuracy over time: how far each method goes, and that its rows are its own."""

import time

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring import accuracy
from benchmarks.measuring.accuracy import EFFORTS, LONGEST, Family, measure_accuracy
from benchmarks.measuring.given import GivenProblem
from benchmarks.solvers import methods
from tests.theano_crf import twins


class Steps:
    def __init__(self):
        self.names = []

    def advance(self, status=""):
        self.names.append(status)


class Clock:
    """A clock that only methods move."""
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(accuracy.time, "perf_counter", made)
    return made


@pytest.fixture
def problem():
    unary, weights = twins.random_problem(3, 1, 3, 6, 7)
    return GivenProblem("tiny", unary, weights, -12.5)


def family(clock, name, bound, efforts=(1, 2, 4, 8)):
    """A method that takes a second for each unit of effort and finds the labels of least cost."""
    def make(problem, unary, effort):
        def solve():
            clock.now += effort
            return methods.Labelling(unary[0].argmin(axis=0), bound)
        return solve
    return Family(lambda effort: methods.Method(name, effort, 1, methods.GIVEN, make), efforts)


def measure(problem, rounds, *compared):
    steps = Steps()
    return measure_accuracy(problem, rounds, steps, compared=compared), steps.names


def test_a_method_goes_on_until_it_takes_too_long(problem, clock):
    measured, names = measure(problem, 3, family(clock, "slow", None))
    assert [(row["effort"], row["seconds"]) for row in measured["rows"]] == [(1, [1] * 3), (2, [2] * 3), (4, [4] * 3)]
    assert 2 < LONGEST < 4 and names == ["slow"] * 3
    energy = theano_crf.energy(problem.costs, problem.weights, problem.costs.argmin(axis=1))[0]
    assert {row["energy"] for row in measured["rows"]} == {energy}
    assert measured["argmin_energy"] == energy and measured["problem"] == "tiny"
    assert measured["optimum"] == -12.5 and not measured["processor_time"]
    assert measured["least_costs"] == pytest.approx(problem.costs.min(axis=1).sum())


def test_a_method_goes_on_until_its_bound_meets_its_energy(problem, clock):
    energy = theano_crf.energy(problem.costs, problem.weights, problem.costs.argmin(axis=1))[0]
    done, _ = measure(problem, 2, family(clock, "proven", energy), family(clock, "other", energy - 1))
    assert [(row["name"], row["effort"]) for row in done["rows"]] == [("proven", 1), ("other", 1), ("other", 2),
                                                                      ("other", 4)]


@pytest.mark.parametrize("processor_time", [False, True])
def test_all_methods_solve_a_tiny_problem(processor_time, problem):
    done = measure_accuracy(problem, 1, Steps(), processor_time)
    least = min(row["energy"] for row in done["rows"])
    for name in ("dual_mm argmin", "dual_mm viterbi", "dual_mm icm", "TRW-S", "alpha expansion"):
        rows = [row for row in done["rows"] if row["name"] == name]
        assert rows[-1]["energy"] <= least + 0.5 and rows[0]["effort"] == 1
        assert all(row["lower_bound"] is None or row["lower_bound"] <= least + 1e-4 for row in rows)
        assert {row["threads"] for row in rows} == {2 if name.startswith("dual_mm") and not processor_time else 1}


def test_time_that_one_waits_is_none_that_a_thread_works(problem):
    def make(problem, unary, effort):
        def solve():
            time.sleep(0.05)
            return methods.Labelling(unary[0].argmin(axis=0), None)
        return solve

    waiting = [Family(lambda effort: methods.Method("waiting", effort, 1, methods.GIVEN, make), (1,))]
    seconds = [measure_accuracy(problem, 1, Steps(), processor_time, waiting)["rows"][0]["seconds"][0]
               for processor_time in (False, True)]
    assert seconds[0] >= 0.05 > seconds[1]


def test_efforts_grow_by_half_or_so():
    ratios = np.divide(EFFORTS[3:], EFFORTS[2:-1])
    assert (ratios > 1.3).all() and (ratios < 1.7).all() and 15 in EFFORTS
