"""Iterations after the fifteenth: their bound, their proof, and what they do not depend on."""
import ctypes

import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf
from theano_crf import graph

from . import twins

DECODINGS = ("argmin", "viterbi", "icm")


def smooth_problem(seed, labels=4, side=48):
    """Return a problem whose late iterations are slow: noisy costs under strong edges."""
    generator = np.random.default_rng(seed)
    unary = generator.normal(size=(1, labels, side, side)).astype(np.float32)
    weights = 1.2 * generator.random((1, 2, side, side)).astype(np.float32)
    weights[:, 0, :, -1] = weights[:, 1, -1] = 0
    return unary, weights


def same_bytes(solution):
    return [array.tobytes() for array in (*solution, solution.proven)]


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_proven_is_optimal(whole):
    proven = 0
    for seed in range(60):
        unary, weights = twins.random_problem(seed, 1, 3, 3, 3, strength=0.5 + seed % 5)
        if whole:
            unary, weights = np.rint(4 * unary), np.rint(4 * weights)
        optimum = twins.least_energy(unary[0], weights[0])
        for iterations, tolerance in ((15, None), (16, None), (40, None), (60, 0)):
            solution = theano_crf.dual_mm(unary, weights, iterations, DECODINGS[seed % 3], tolerance)
            slack = 2 ** -22 * (np.abs(unary).sum() + weights.sum())
            assert solution.lower_bound[0] <= optimum + slack and solution.energy[0] >= optimum - slack
            if solution.proven[0]:
                assert solution.energy[0] == pytest.approx(optimum, abs=1e-9 if whole else slack)
            proven += solution.proven[0]
    assert 120 < proven < 240, "the problems do not tell"


@pytest.mark.parametrize("compatibility", [None, np.array([[0, 1, 2], [1, 0, 1], [2, 1, 0]])])
def test_the_general_energy_is_proven_as_well(compatibility):
    proven = 0
    for seed in range(8):
        unary, _ = twins.random_problem(seed, 1, 3, 2, 3)
        weights = 0.2 * np.random.default_rng(seed).random((1, 3, 2, 3))
        crf = dict(neighbours=((0, 1), (1, 0), (1, 1)), compatibility=compatibility)
        solution = theano_crf.dual_mm(unary, weights, 30, decode="icm", **crf)
        labellings = twins.all_labellings(3, 2, 3)
        optimum = theano_crf.energy(np.repeat(unary, len(labellings), 0), np.repeat(weights, len(labellings), 0),
                                    labellings, **crf).min()
        if solution.proven[0]:
            assert solution.energy[0] == pytest.approx(optimum, abs=1e-5)
        proven += solution.proven[0]
    assert proven >= 4


def test_they_are_above_three_times_as_many_plain_iterations():
    unary, weights = smooth_problem(1)
    volume, edges = T.ftensor4(), T.ftensor4()
    withheld_by_columns = T.ftensor4()
    withheld, _ = graph.half_step(volume, edges, withheld_by_columns, graph.ROWS)
    plain = theano.function([volume, edges, withheld_by_columns],
                            graph.half_step(volume, edges, withheld, graph.COLUMNS))
    withheld = np.zeros_like(unary)
    for _ in range(150):
        withheld, bound = plain(unary, weights, withheld)
    assert theano_crf.dual_mm(unary, weights, 50).lower_bound > bound


@pytest.mark.parametrize("seed", range(4))
def test_more_of_them_are_no_worse_than_fifteen(seed):
    unary, weights = smooth_problem(seed)
    after_15, *later = (theano_crf.dual_mm(unary, weights, count).lower_bound[0] for count in (15, 16, 17, 30, 90))
    assert min(later) >= after_15
    assert later[-1] > later[-2] > later[0] > after_15


@pytest.mark.parametrize("decode", DECODINGS)
def test_tolerance_0_ends_with_the_proof(decode):
    """A million iterations would take minutes."""
    unary, weights = twins.random_problem(3, 1, 4, 40, 50, strength=0.6)
    solution = theano_crf.dual_mm(unary, weights, 10 ** 6, decode, tolerance=0)
    assert solution.proven[0]
    assert 0 <= solution.energy[0] - solution.lower_bound[0] < 1e-3


def test_tolerance_0_keeps_the_best_labels():
    unary, weights = smooth_problem(5)
    kept = [theano_crf.dual_mm(unary, weights, count, tolerance=0).energy[0] for count in (16, 40, 120)]
    assert kept == sorted(kept, reverse=True)
    for count, energy in zip((16, 40, 120), kept):
        assert energy <= theano_crf.dual_mm(unary, weights, count).energy[0]


def test_images_of_a_batch_are_independent():
    unary, weights = twins.random_problem(13, 3, 4, 21, 18)
    for tolerance in (None, 0, 1e-3):
        together = theano_crf.dual_mm(unary, weights, 50, "icm", tolerance)
        for n in range(3):
            alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1], 50, "icm", tolerance)
            for one, other in zip((*alone, alone.proven), (*together, together.proven)):
                np.testing.assert_array_equal(one[0], other[n])


@pytest.mark.parametrize("tolerance", [None, 0])
def test_threads_and_instruction_sets_do_not_matter(monkeypatch, tolerance):
    unary, weights = twins.random_problem(15, 1, 7, 37, 50)
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    results = []
    try:
        for name, threads in (("baseline", 1), ("avx2", 1), ("avx512", 1), ("avx512", 2), ("avx512", 4)):
            monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", name)
            openmp.omp_set_num_threads(threads)
            results.append(same_bytes(theano_crf.dual_mm(unary, weights, 60, "icm", tolerance)))
    finally:
        openmp.omp_set_num_threads(before)
    assert all(result == results[0] for result in results)


def test_the_margin_counts_in_late_bounds_too():
    unary, weights = twins.random_problem(2, 1, 3, 3, 3)
    truth = np.random.default_rng(2).integers(0, 3, (1, 3, 3))
    augmented = unary - 0.5 * (np.arange(3)[None, :, None, None] != truth[:, None])
    certificate = theano_crf.ssvm(unary, weights, truth, gamma=0.5, iterations=60).certificate[0]
    hinge = theano_crf.energy(unary, weights, truth)[0] - twins.least_energy(augmented[0], weights[0])
    assert certificate == pytest.approx(hinge, abs=1e-4)
