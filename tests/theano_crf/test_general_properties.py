"""Properties of every problem on any neighbourhood with any compatibility; Hypothesis looks for a counterexample."""
import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theano_crf

from . import twins
from .general_twins import KINDS, random_compatibility, random_problem
from .test_properties import QUIET

OFFSETS = st.one_of(st.tuples(st.just(0), st.integers(1, 40)), st.tuples(st.integers(1, 40), st.integers(-40, 40)),
                    st.sampled_from([(0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0)]))


@st.composite
def problems(draw, largest=40):
    """Unary costs, weights, neighbours and a compatibility, with ties where costs are rounded."""
    neighbours = tuple(draw(st.lists(OFFSETS, min_size=1, max_size=4)))
    shape = (draw(st.integers(1, 2)), draw(st.integers(2, 6)), draw(st.integers(1, largest)),
             draw(st.integers(1, largest)))
    seed, strength = draw(st.integers(0, 2 ** 31)), draw(st.sampled_from([0.0, 1e-42, 1e-30, 1e-3, 1.0, 30.0, 1e6]))
    unary, weights = random_problem(seed, shape, neighbours, strength)
    mu = random_compatibility(seed, draw(st.sampled_from(KINDS)), shape[1], len(neighbours))
    return unary.round(draw(st.integers(0, 4))), weights, neighbours, mu


def slack(unary, weights, mu):
    """Return the largest sum of errors that rounding to single precision may cause."""
    largest = 0 if not np.isfinite(weights).any() else np.nanmax(weights) * (1.0 if mu is None else mu.max())
    return (1e-5 * (np.abs(unary).max() + 1) + (1e-6 * largest if mu is not None else 0)) * unary[0, 0].size


@settings(max_examples=60, **QUIET)
@given(problems(), st.integers(1, 6), st.sampled_from(["argmin", "viterbi", "icm"]))
def test_bound_energy_and_labels_agree(problem, iterations, decode):
    unary, weights, neighbours, mu = problem
    options = dict(neighbours=neighbours, compatibility=mu)
    solution = theano_crf.dual_mm(unary, weights, iterations, decode, **options)
    allowed = slack(unary, weights, mu)
    assert (solution.energy == theano_crf.energy(unary, weights, solution.labels, **options)).all()
    assert (solution.lower_bound <= solution.energy + allowed).all()
    for labels in (unary.argmin(1), np.zeros_like(solution.labels)):
        assert (solution.lower_bound <= theano_crf.energy(unary, weights, labels, **options) + allowed).all()
    more = theano_crf.dual_mm(unary, weights, iterations + 1, **options)
    assert (more.lower_bound >= solution.lower_bound - allowed).all()


@settings(max_examples=40, **QUIET)
@given(problems(largest=30), st.integers(1, 3))
def test_decodings_never_raise_the_energy(problem, iterations):
    unary, weights, neighbours, mu = problem
    energies = [theano_crf.dual_mm(unary, weights, iterations, decode, neighbours=neighbours, compatibility=mu).energy
                for decode in ("argmin", "viterbi", "icm")]
    allowed = 1e-5 * (np.abs(energies[0]) + 1)
    assert (energies[1] <= energies[0] + allowed).all() and (energies[2] <= energies[1] + allowed).all()


@settings(max_examples=40, **QUIET)
@given(problems(largest=20), st.floats(0, 1), st.integers(0, 2 ** 31))
def test_loss_gradients_and_certificate_agree(problem, void_share, seed):
    unary, weights, neighbours, mu = problem
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, unary.shape[1], unary[:, 0].shape)
    truth[generator.random(truth.shape) < void_share] = 255
    gamma = generator.random((unary.shape[1],) * 2).astype(np.float32)
    options = dict(neighbours=neighbours, compatibility=mu)
    structured = theano_crf.ssvm(unary, weights, truth, gamma, **options)
    completed = twins.completed_truth(structured)
    assert (completed == truth)[truth != 255].all()
    energies = [theano_crf.energy(unary, weights, labels, **options) for labels in (completed, structured.labels)]
    margins = [np.take_along_axis(twins.margins(gamma, one, len(gamma), 255), labels[..., np.newaxis], 2).sum()
               for one, labels in zip(truth, structured.labels)]
    allowed = 1e-5 * (np.abs(energies[0]) + np.abs(energies[1]) + 1)
    assert (np.abs(structured.loss - (margins + energies[0] - energies[1])) <= allowed).all()
    assert (structured.certificate >= structured.loss - 2 * slack(unary, weights, mu) - allowed).all()
    assert (structured.grad_unary.sum(axis=1) == 0).all()
    # The energies are linear in the compatibility, and so is their difference.
    if mu is not None and np.isfinite(weights).any():
        unary_part = [np.take_along_axis(unary.astype(np.float64), labels[:, np.newaxis], 1).sum()
                      for labels in (completed, structured.labels)]
        edges = (structured.grad_compatibility.astype(np.float64) * mu).sum()
        expected = energies[0].sum() - unary_part[0] - (energies[1].sum() - unary_part[1])
        assert edges == pytest.approx(expected, abs=1e-4 * (1 + sum(map(np.sum, map(np.abs, energies)))))


@settings(max_examples=15, **QUIET)
@given(problems(largest=60), st.sampled_from(["argmin", "icm"]))
def test_threads_do_not_matter(problem, decode):
    unary, weights, neighbours, mu = problem
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            openmp.omp_set_num_threads(threads)
            solution = theano_crf.dual_mm(unary, weights, 4, decode, neighbours=neighbours, compatibility=mu)
            results.append([array.tobytes() for array in solution])
    finally:
        openmp.omp_set_num_threads(before)
    assert results[0] == results[1] == results[2]
