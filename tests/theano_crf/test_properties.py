"""Properties of every problem: Hypothesis looks for one that lacks them."""
import ctypes

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import theano_crf

from . import twins

# A problem is drawn as a few numbers. Hypothesis 5.43 tries some of them with too short a buffer, counts these tries as
# examples that are too large, and by chance ends a run of few examples for it.
QUIET = dict(deadline=None, suppress_health_check=[HealthCheck.data_too_large])

MAGNITUDES = st.sampled_from([0.0, 1e-42, 1e-30, 1e-3, 1.0, 30.0, 1e6])  # of weights; one is denormal


@st.composite
def problems(draw, largest=40):
    """Unary costs and weights of any shape, with ties where costs are rounded."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(2, 9)), draw(st.integers(1, largest)),
             draw(st.integers(1, largest)))
    seed, strength = draw(st.integers(0, 2 ** 32 - 1)), draw(MAGNITUDES)
    unary, weights = twins.random_problem(seed, *shape, strength=strength)
    return unary.round(draw(st.integers(0, 4))), weights


def slack(unary):
    """Return the most that rounding to single precision may add up to."""
    return 1e-5 * (np.abs(unary).max() + 1) * unary[0, 0].size


@settings(max_examples=60, **QUIET)
@given(problems(), st.integers(1, 6), st.sampled_from(["argmin", "viterbi", "icm"]))
def test_bound_energy_and_labels_agree(problem, iterations, decode):
    unary, weights = problem
    found = theano_crf.dual_mm(unary, weights, iterations, decode)
    assert (found.energy == theano_crf.energy(unary, weights, found.labels)).all()
    assert (found.lower_bound <= found.energy + slack(unary)).all()
    for labels in (unary.argmin(1), np.zeros_like(found.labels)):
        assert (found.lower_bound <= theano_crf.energy(unary, weights, labels) + slack(unary)).all()
    more = theano_crf.dual_mm(unary, weights, iterations + 1)
    assert (more.lower_bound >= found.lower_bound - slack(unary)).all()


@settings(max_examples=25, **QUIET)
@given(problems(largest=10), st.integers(1, 3))
def test_the_twin_agrees(problem, iterations):
    unary, weights = problem
    bound = theano_crf.dual_mm(unary, weights, iterations).lower_bound
    for n in range(len(unary)):
        expected = twins.dual_mm(unary[n], weights[n], iterations)[1][-1]
        assert bound[n] == pytest.approx(expected, abs=slack(unary))


@settings(max_examples=25, **QUIET)
@given(problems(), st.floats(0, 2), st.integers(0, 2 ** 32 - 1))
def test_loss_and_gradients_agree(problem, gamma, seed):
    unary, weights = problem
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, unary.shape[1], unary[:, 0].shape)
    truth[generator.random(truth.shape) < 0.2] = 255
    found = theano_crf.ssvm(unary, weights, truth, gamma)
    filled = np.where(truth == 255, found.labels, truth)
    expected = np.float32(gamma) * np.float64(np.count_nonzero(filled != found.labels, axis=(1, 2)))
    expected += theano_crf.energy(unary, weights, filled) - theano_crf.energy(unary, weights, found.labels)
    np.testing.assert_allclose(found.loss, expected, rtol=1e-6, atol=1e-6 * (1 + np.abs(weights).max()))
    assert (found.grad_unary.sum(axis=1) == 0).all()
    assert (found.grad_unary.any(axis=1) == (filled != found.labels)).all()


@settings(max_examples=15, **QUIET)
@given(problems(largest=70), st.sampled_from(["argmin", "icm"]))
def test_threads_do_not_matter(problem, decode):
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    found = []
    try:
        for threads in (1, 2, 4):
            openmp.omp_set_num_threads(threads)
            found.append([array.tobytes() for array in theano_crf.dual_mm(*problem, 4, decode)])
    finally:
        openmp.omp_set_num_threads(before)
    assert found[0] == found[1] == found[2]
