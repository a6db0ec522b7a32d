"""Methods side by side: figures of solutions that are known, and what is compared."""

import hashlib

import numpy as np
import pytest

from benchmarks.measuring.comparison import FLOORS, compare, compared_methods
from benchmarks.measuring.problem import Problem
from benchmarks.solvers.methods import Labelling, Method
from tests.theano_crf import twins


class Steps:
    count = 0

    def advance(self, status=""):
        self.count += 1


def constant(label, bound):
    """A method that gives all pixels one label."""
    return Method(f"all {label}", 1, 1, "-p",
                  lambda problem, unary, effort: lambda: Labelling(np.full(unary.shape[2:], label, np.int64), bound))


def test_each_row_judges_the_labels_of_its_method(tmp_path):
    generator, steps = np.random.default_rng(0), Steps()
    probability = generator.dirichlet(np.ones(3), (1, 4, 5)).transpose(0, 3, 1, 2).astype(np.float32)
    problem = Problem("tiny", generator.integers(0, 256, (4, 5, 3), dtype=np.uint8), probability)
    compared = compare(problem, [constant(0, -7.5), constant(2, None)], 3, tmp_path, steps)
    assert steps.count == 4 * (2 + len(FLOORS))
    assert (compared["problem"], compared["volume_bytes"]) == ("tiny", 4 * 3 * 4 * 5)
    for row, label, bound in zip(compared["rows"], (0, 2), (-7.5, None)):
        assert (row["name"], row["lower_bound"], len(row["seconds"])) == (f"all {label}", bound, 3)
        # equal labels everywhere: no edge costs anything
        assert row["energy"] == pytest.approx(-probability[0, label].sum(), rel=1e-6)
        assert row["labels"] == hashlib.sha256(np.full(20, label, "<i4").tobytes()).hexdigest()[:16]
    argmax = twins.energy(-probability[0], problem.weights[0], probability[0].argmax(axis=0))
    assert compared["argmax_energy"] == {"-p": pytest.approx(argmax, abs=1e-4)}


def test_the_floors_traffic_is_that_of_fifteen_iterations(tmp_path):
    problem = Problem("tiny", np.zeros((2, 2, 3), np.uint8), np.full((1, 2, 2, 2), 0.5, np.float32))
    floors = compare(problem, [constant(0, None)], 1, tmp_path, Steps())["floors"]
    assert [(floor["threads"], floor["in_place"]) for floor in floors] == list(FLOORS)
    assert {floor["traffic"] for floor in floors} == {15 * 2 * 3 * 4 * 8}  # two half steps, three volumes of 8 values


def test_no_two_methods_have_one_name():
    keys = [method.key for method in compared_methods()]
    assert len(set(keys)) == len(keys)
