"""Decodings of the duals that are better than the least entry at each pixel."""
import ctypes
import itertools

import numpy as np
import pytest

import theano_crf

from . import twins

DECODINGS = ("argmin", "viterbi", "icm")
# The shapes have several bands of rows, full and partial blocks of chains, and single chains.
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 30), (2, 3, 30, 1), (2, 4, 50, 37), (1, 5, 17, 16), (1, 2, 600, 3)]


def hard_problem(seed, *shape):
    """A problem where 2 iterations leave a gap."""
    return twins.random_problem(seed, *shape, strength=1.5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("instructions", ["baseline", "avx2", "avx512"])
def test_each_is_at_least_as_good_as_the_one_before(shape, instructions, monkeypatch):
    monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", instructions)
    problem = hard_problem(1, *shape)
    solutions = [theano_crf.dual_mm(*problem, iterations=2, decode=decode) for decode in DECODINGS]
    energies = [solution.energy for solution in solutions]
    assert (energies[1] <= energies[0] + 1e-6).all() and (energies[2] <= energies[1] + 1e-4).all()
    if min(shape[2:]) > 2:
        assert (energies[1] < energies[0]).all() and (energies[2] < energies[1]).all()
    for solution in solutions:
        assert (solution.lower_bound == solutions[0].lower_bound).all()
        assert (solution.energy >= solution.lower_bound - 1e-4).all()


@pytest.mark.parametrize("decode", DECODINGS)
@pytest.mark.parametrize("seed", range(6))
def test_never_below_the_optimum(decode, seed):
    unary, weights = hard_problem(seed, 1, 3, 3, 4)
    optimum = twins.least_energy(unary[0], weights[0])
    solution = theano_crf.dual_mm(unary, weights, iterations=1, decode=decode)
    assert solution.energy[0] >= optimum - 1e-5
    assert solution.energy[0] == pytest.approx(twins.energy(unary[0], weights[0], solution.labels[0]))


@pytest.mark.parametrize("decode", DECODINGS)
@pytest.mark.parametrize("height, width", [(1, 7), (7, 1)])
def test_a_single_chain_is_solved_exactly(decode, height, width):
    unary, weights = hard_problem(3, 1, 3, height, width)
    solution = theano_crf.dual_mm(unary, weights, iterations=1, decode=decode)
    assert solution.energy[0] == pytest.approx(twins.least_energy(unary[0], weights[0]), abs=1e-5)


def test_icm_ends_where_no_row_and_no_column_can_be_improved():
    unary, weights = hard_problem(4, 1, 2, 6, 6)
    solution = theano_crf.dual_mm(unary, weights, iterations=1, decode="icm")
    for line in range(6):
        for labels in itertools.product(range(2), repeat=6):
            for at in (np.s_[0, line], np.s_[0, :, line]):
                changed = solution.labels.copy()
                changed[at] = labels
                assert theano_crf.energy(unary, weights, changed)[0] >= solution.energy[0] - 1e-5


@pytest.mark.parametrize("decode", ["viterbi", "icm"])
def test_threads_instructions_and_the_batch_do_not_matter(decode, monkeypatch):
    unary, weights = hard_problem(5, 3, 4, 130, 45)
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    try:
        labellings = []
        for threads, instructions in [(1, ""), (2, ""), (4, ""), (2, "avx2"), (2, "baseline")]:
            monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", instructions)
            openmp.omp_set_num_threads(threads)
            labellings.append(theano_crf.dual_mm(unary, weights, 3, decode).labels)
    finally:
        openmp.omp_set_num_threads(before)
    assert all((labels == labellings[0]).all() for labels in labellings)
    for n in range(3):
        alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1], 3, decode)
        assert (alone.labels[0] == labellings[0][n]).all()


@pytest.mark.parametrize("weight", [0.0, 1e-42, 1e30])
def test_extreme_weights(weight):
    unary, _ = hard_problem(6, 1, 3, 20, 20)
    weights = np.full((1, 2, 20, 20), weight, np.float32)
    argmin, icm = (theano_crf.dual_mm(unary, weights, 20, decode) for decode in ("argmin", "icm"))
    assert icm.energy <= argmin.energy
    assert icm.energy[0] == pytest.approx(icm.lower_bound[0], abs=1e-2)
