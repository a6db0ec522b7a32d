"""The plain NumPy DualMM against the tests' own, which is plainer still, and against the library."""

import numpy as np
import pytest

import theano_crf
from benchmarks.solvers.numpy_dual_mm import dual_mm
from tests.theano_crf import twins


@pytest.mark.parametrize("shape", [(2, 1, 1), (3, 1, 7), (3, 8, 1), (4, 5, 9)])
@pytest.mark.parametrize("iterations", [1, 3])
def test_bound_and_labels_agree(shape, iterations):
    unary, weights = twins.random_problem(7, 1, *shape, strength=1.5)
    labels, bound = dual_mm(unary[0], weights[0], iterations)
    expected_labels, bounds = twins.dual_mm(unary[0], weights[0], iterations)
    assert bound == pytest.approx(bounds[-1], abs=1e-4) and (labels == expected_labels).all()


def test_the_library_finds_the_same():
    unary, weights = twins.random_problem(8, 1, 6, 30, 41)
    labels, bound = dual_mm(unary[0], weights[0], 4)
    solution = theano_crf.dual_mm(unary, weights, 4)
    assert bound == pytest.approx(solution.lower_bound[0], abs=1e-2)
    assert np.mean(labels == solution.labels[0]) > 0.999


def test_the_input_stays():
    unary, weights = twins.random_problem(9, 1, 3, 4, 5)
    before = unary.copy(), weights.copy()
    dual_mm(unary[0], weights[0], 2)
    assert (unary == before[0]).all() and (weights == before[1]).all()
