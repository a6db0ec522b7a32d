"""Accuracy over time: how far each method goes, and that its rows are its own."""

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring.accuracy import EFFORTS, LONGEST, Family, families, measure_accuracy
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


def test_a_method_goes_on_until_it_takes_too_long(problem):
    clock, steps = Clock(), Steps()
    measured = measure_accuracy(problem, [family(clock, "slow", None)], 3, steps, clock)
    assert [(row["effort"], row["seconds"]) for row in measured["rows"]] == [(1, [1] * 3), (2, [2] * 3), (4, [4] * 3)]
    assert 2 < LONGEST < 4 and steps.names == ["slow"] * 3
    labels = problem.costs.argmin(axis=1)
    energy = theano_crf.energy(problem.costs, problem.weights, labels)[0]
    assert {row["energy"] for row in measured["rows"]} == {energy}
    assert measured["argmin_energy"] == energy and measured["problem"] == "tiny" and measured["optimum"] == -12.5
    assert measured["least_costs"] == pytest.approx(problem.costs.min(axis=1).sum())


def test_a_method_goes_on_until_its_bound_meets_its_energy(problem):
    clock = Clock()
    energy = theano_crf.energy(problem.costs, problem.weights, problem.costs.argmin(axis=1))[0]
    done = measure_accuracy(problem, [family(clock, "proven", energy), family(clock, "other", energy - 1)], 2, Steps(),
                            clock)
    assert [(row["name"], row["effort"]) for row in done["rows"]] == [("proven", 1), ("other", 1), ("other", 2),
                                                                      ("other", 4)]


def test_all_methods_solve_a_tiny_problem(problem):
    compared = families(threads=1)
    done = measure_accuracy(problem, compared, 1, Steps())
    least = min(row["energy"] for row in done["rows"])
    for name in ("dual_mm argmin", "dual_mm viterbi", "dual_mm icm", "TRW-S", "alpha expansion"):
        rows = [row for row in done["rows"] if row["name"] == name]
        assert rows[-1]["energy"] <= least + 0.5 and rows[0]["effort"] == 1
        assert all(row["lower_bound"] is None or row["lower_bound"] <= least + 1e-4 for row in rows)
    assert {row["threads"] for row in done["rows"]} == {1}


def test_efforts_grow_by_half_or_so():
    ratios = np.divide(EFFORTS[3:], EFFORTS[2:-1])
    assert (ratios > 1.3).all() and (ratios < 1.7).all() and 15 in EFFORTS
