"""Properties of every problem; Hypothesis looks for a counterexample."""
import ctypes

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import theano_crf

from . import twins

# Hypothesis 5.43 tries some problems, though each is only a few numbers, with too short a buffer. It counts these tries
# as examples that are too large, which can fail a test of few examples by chance.
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
    """Return the largest sum of errors that rounding to single precision may cause."""
    return 1e-5 * (np.abs(unary).max() + 1) * unary[0, 0].size


@settings(max_examples=60, **QUIET)
@given(problems(), st.integers(1, 6), st.sampled_from(["argmin", "viterbi", "icm"]))
def test_bound_energy_and_labels_agree(problem, iterations, decode):
    unary, weights = problem
    solution = theano_crf.dual_mm(unary, weights, iterations, decode)
    assert (solution.energy == theano_crf.energy(unary, weights, solution.labels)).all()
    assert (solution.lower_bound <= solution.energy + slack(unary)).all()
    for labels in (unary.argmin(1), np.zeros_like(solution.labels)):
        assert (solution.lower_bound <= theano_crf.energy(unary, weights, labels) + slack(unary)).all()
    more = theano_crf.dual_mm(unary, weights, iterations + 1)
    assert (more.lower_bound >= solution.lower_bound - slack(unary)).all()


@settings(max_examples=25, **QUIET)
@given(problems(largest=10), st.integers(1, 3))
def test_the_twin_agrees(problem, iterations):
    unary, weights = problem
    bound = theano_crf.dual_mm(unary, weights, iterations).lower_bound
    for n in range(len(unary)):
        expected = twins.dual_mm(unary[n], weights[n], iterations)[1][-1]
        assert bound[n] == pytest.approx(expected, abs=slack(unary))


@settings(max_examples=25, **QUIET)
@given(problems(), st.floats(0, 2), st.floats(0, 1), st.integers(0, 2 ** 32 - 1))
def test_loss_gradients_and_certificate_agree(problem, gamma, void_share, seed):
    unary, weights = problem
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, unary.shape[1], unary[:, 0].shape)
    truth[generator.random(truth.shape) < void_share] = 255
    structured = theano_crf.ssvm(unary, weights, truth, gamma)
    completed, own = twins.completed_truth(structured), np.where(truth == 255, structured.labels, truth)
    assert (completed == truth)[truth != 255].all()
    energies = [theano_crf.energy(unary, weights, labels) for labels in (completed, own, structured.labels)]
    assert (energies[0] <= energies[1]).all()
    wrong = np.count_nonzero((truth != 255) & (truth != structured.labels), axis=(1, 2))
    expected = np.float32(gamma) * np.float64(wrong) + energies[0] - energies[2]
    np.testing.assert_allclose(structured.loss, expected, rtol=1e-6, atol=1e-6 * (1 + np.abs(weights).max()))
    assert (structured.certificate >= structured.loss - slack(unary) * (1 + gamma)).all()
    assert (structured.grad_unary.sum(axis=1) == 0).all()
    assert (structured.grad_unary.any(axis=1) == (completed != structured.labels)).all()
    for channel, axis in enumerate((2, 1)):
        here, there = ([slice(None)] * 3 for _ in range(2))
        here[axis], there[axis] = slice(None, -1), slice(1, None)
        here, there = tuple(here), tuple(there)
        cut = [1.0 * (labels[here] != labels[there]) for labels in (completed, structured.labels)]
        np.testing.assert_array_equal(structured.grad_weights[:, channel][here], cut[0] - cut[1])


@settings(max_examples=25, **QUIET)
@given(problems(largest=20), st.floats(0, 2), st.integers(1, 4))
def test_an_image_of_void_has_no_loss(problem, gamma, iterations):
    structured = theano_crf.ssvm(*problem, np.full(problem[0][:, 0].shape, 255), gamma, iterations=iterations)
    assert not structured.loss.any() and not structured.grad_unary.any() and not structured.grad_weights.any()


@st.composite
def chains(draw):
    """A chain of up to 6 pixels with 2 or 3 labels, horizontal or vertical, and a truth with void pixels."""
    labels, length = draw(st.integers(2, 3)), draw(st.integers(1, 6))
    seed, strength = draw(st.integers(0, 2 ** 32 - 1)), draw(st.sampled_from([0.0, 1e-3, 1.0, 30.0]))
    shape = (1, labels, 1, length) if draw(st.booleans()) else (1, labels, length, 1)
    truth = draw(st.lists(st.sampled_from([*range(labels), 255]), min_size=length, max_size=length))
    return (*twins.random_problem(seed, *shape, strength=strength), np.reshape(truth, (1, *shape[2:])))


@settings(max_examples=60, **QUIET)
@given(chains(), st.floats(0, 2))
def test_on_chains_with_void_the_loss_is_the_hinge(problem, gamma):
    unary, weights, truth = problem
    structured = theano_crf.ssvm(unary, weights, truth, gamma)
    hinge = twins.hinge(unary[0], weights[0], truth[0], np.float32(gamma), 255)
    allowed = slack(unary) * (1 + gamma + np.abs(weights).max())
    assert structured.loss[0] == pytest.approx(hinge, abs=allowed)
    assert structured.certificate[0] == pytest.approx(hinge, abs=allowed)


@settings(max_examples=15, **QUIET)
@given(problems(largest=70), st.sampled_from(["argmin", "icm"]))
def test_threads_do_not_matter(problem, decode):
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            openmp.omp_set_num_threads(threads)
            results.append([array.tobytes() for array in theano_crf.dual_mm(*problem, 4, decode)])
    finally:
        openmp.omp_set_num_threads(before)
    assert results[0] == results[1] == results[2]
