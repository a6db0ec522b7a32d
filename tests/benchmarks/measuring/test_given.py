"""Problems given by their costs, and the published ones where their folder is named."""

import os

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring.given import PUBLISHED, GivenProblem, read_published
from benchmarks.solvers.trws import TRWS

FOLDER = os.environ.get("MRF")
published = pytest.mark.skipif(not FOLDER, reason="MRF does not name the folder of tsukuba.npz and triplepoint.npz")


def store(folder, **arrays):
    np.savez(folder / "tsukuba.npz", **arrays)


def test_a_problem_is_read_as_it_is(tmp_path):
    unary, weights = np.arange(24, dtype=np.uint16).reshape(2, 3, 4), np.ones((2, 3, 4))
    store(tmp_path, unary=unary, weights=weights, optimum=np.float64(5.5))
    problem = read_published(tmp_path, "tsukuba")
    assert problem.name == "tsukuba, 4 x 3, 2 labels" and problem.optimum == 5.5
    assert problem.costs.dtype == problem.weights.dtype == np.float32
    assert (problem.unary("any") == unary[None]).all() and problem.weights.shape == (1, 2, 3, 4)


def test_least_costs_are_those_of_the_cheapest_labels():
    costs = np.array([[3, -1], [2, 7]], np.float32).reshape(1, 2, 1, 2)
    assert GivenProblem("", costs, None).least_costs == 2 - 1


@pytest.mark.parametrize("arrays, words", [
    ({"unary": np.zeros((2, 3, 4))}, "holds unary; it must hold optimum, unary, weights"),
    ({"unary": np.zeros((2, 3, 4)), "weights": np.zeros((2, 4, 3)), "optimum": 1}, r"weights \(2, 4, 3\)"),
    ({"unary": np.zeros((3, 4)), "weights": np.zeros((2, 3, 4)), "optimum": 1}, r"unary \(3, 4\)"),
    ({"unary": np.zeros((2, 3, 4)), "weights": np.zeros((2, 3, 4)), "optimum": [1, 2]}, r"optimum \(2,\)")])
def test_another_file_is_refused(arrays, words, tmp_path):
    store(tmp_path, **arrays)
    with pytest.raises(ValueError, match=words):
        read_published(tmp_path, "tsukuba")


def test_a_folder_without_the_problem_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"There is no {tmp_path}/triplepoint.npz; MRF must name the folder of"):
        read_published(tmp_path, "triplepoint")


@published
@pytest.mark.parametrize("iterations, bound, energy", [(15, 2709825, 2712391), (100, 2710756, 2711308)])
def test_trws_is_as_good_as_published(iterations, bound, energy):
    problem = read_published(FOLDER, "tsukuba")
    assert problem.least_costs == 2550015
    solver = TRWS(problem.costs, problem.weights)
    assert bound - 150 <= solver.iterate(iterations) <= problem.optimum
    reached = theano_crf.energy(problem.costs, problem.weights, solver.labels()[None])[0]
    assert problem.optimum <= reached <= energy + 150


@published
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_optimum_lies_between_bound_and_energy(name):
    problem = read_published(FOLDER, name)
    solution = theano_crf.dual_mm(problem.costs, problem.weights, 100, "viterbi")
    slack = 1e-7 * abs(problem.optimum)
    assert solution.lower_bound[0] <= problem.optimum + slack and solution.energy[0] >= problem.optimum - slack
    assert solution.energy[0] == pytest.approx(problem.optimum, rel=1e-6)
