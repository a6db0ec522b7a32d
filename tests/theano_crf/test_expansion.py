"""Expansion moves, with which "icm" ends; on tiny grids all labels are open to them."""
import ctypes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theano_crf

from . import twins
from .test_properties import MAGNITUDES, QUIET

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
# Costs k - l of a directed line of labels, with which the best move still is a minimum cut.
COMPATIBILITIES = {"Potts": None, "truncated": np.minimum(abs(np.subtract.outer(range(3), range(3))), 1.5),
                   "directed": np.where(np.subtract.outer(range(3), range(3)) > 0, 1.0, 0.4) * (1 - np.eye(3))}
NOT_A_METRIC = np.array([[0, 9, 1], [9, 0, 1], [1, 1, 0]], float)


def made_problem(seed, neighbours, *shape, strength=1.5):
    """Random unary costs, and random weights of which a tenth are zero."""
    generator = np.random.default_rng(seed)
    unary = generator.normal(size=shape).astype(np.float32)
    weights = strength * generator.random((shape[0], len(neighbours), *shape[2:]))
    return unary, (weights * (generator.random(weights.shape) > 0.1)).astype(np.float32)


def chain_icm(unary, weights, labels, sweeps=8):
    """Solve every second row of one image, the others, and so the columns, until nothing changes: the labels.

    The slow twin of what is done before the expansion moves, in the paper's neighbourhood.
    """
    labels = labels.copy()
    for _ in range(sweeps):
        before = labels.copy()
        for turned in (False, True):
            costs, edges, here = ((unary.swapaxes(1, 2), weights[::-1].swapaxes(1, 2), labels.T) if turned
                                  else (unary, weights, labels))
            for parity in (0, 1):
                for y in range(parity, here.shape[0], 2):
                    chain = costs[:, y].T.astype(np.float64)
                    for other, weight in ((y - 1, edges[1, y - 1]), (y + 1, edges[1, y])):
                        if 0 <= other < here.shape[0]:
                            chain[np.arange(len(chain)), here[other]] -= weight
                    here[y] = best_of_chain(chain, edges[0, y].astype(np.float64))
        if (labels == before).all():
            break
    return labels


def best_of_chain(costs, weights):
    """The labels of least energy of a chain of costs (n, K) with Potts weights."""
    sums = [costs[0]]
    for cost, weight in zip(costs[1:], weights):
        sums.append(cost + np.minimum(sums[-1], sums[-1].min() + weight))
    labels = [int(sums[-1].argmin())]
    for node in range(len(costs) - 2, -1, -1):
        labels.append(int((sums[node] + weights[node] * (np.arange(costs.shape[1]) != labels[-1])).argmin()))
    return np.array(labels[::-1])


def energies_of_moves(unary, weights, labels, neighbours, compatibility):
    """The energy of every labelling (H, W) that moves a set of pixels to one label: of one problem."""
    pixels = labels.size
    moved = np.array(np.unravel_index(np.arange(2 ** pixels), (2,) * pixels)).T.reshape(-1, *labels.shape)
    return np.concatenate([
        theano_crf.energy(np.repeat(unary[None], len(moved), 0), np.repeat(weights[None], len(moved), 0),
                          np.where(moved, label, labels), neighbours, compatibility) for label in range(len(unary))])


@pytest.mark.parametrize("kind", COMPATIBILITIES)
@pytest.mark.parametrize("neighbours", [twins.PAPERS, EIGHT], ids=["4", "8"])
@pytest.mark.parametrize("seed", range(8))
def test_no_move_to_one_label_is_left(seed, neighbours, kind):
    mu = COMPATIBILITIES[kind]
    unary, weights = made_problem(seed, neighbours, 1, 3, 3, 4)
    solution = theano_crf.dual_mm(unary, weights, 1, "icm", neighbours=neighbours, compatibility=mu)
    moves = energies_of_moves(unary[0], weights[0], solution.labels[0], neighbours, mu)
    assert moves.min() >= solution.energy[0] - 1e-5
    assert solution.energy[0] >= twins.least_energy(unary[0], weights[0], neighbours, mu) - 1e-5


def test_two_labels_are_solved_exactly():
    for seed in range(20):
        unary, weights = made_problem(seed, twins.PAPERS, 1, 2, 4, 4, strength=2.0)
        solution = theano_crf.dual_mm(unary, weights, 1, "icm")
        assert solution.energy[0] == pytest.approx(twins.least_energy(unary[0], weights[0]), abs=1e-5)


def test_moves_gain_what_chains_alone_do_not():
    unary, weights = made_problem(3, twins.PAPERS, 1, 4, 40, 50)
    solution = theano_crf.dual_mm(unary, weights, 1, "icm")
    chains = chain_icm(unary[0], weights[0], theano_crf.dual_mm(unary, weights, 1, "viterbi").labels[0])
    assert solution.energy[0] < theano_crf.energy(unary, weights, chains[None])[0] - 1


@settings(max_examples=40, **QUIET)
@given(st.integers(0, 2 ** 31), st.integers(1, 12), st.integers(1, 12), st.integers(2, 5), MAGNITUDES,
       st.integers(0, 4), st.integers(1, 20))
def test_energy_is_at_most_that_of_chains_alone(seed, height, width, labels, strength, decimals, iterations):
    unary, weights = twins.random_problem(seed, 1, labels, height, width, strength=strength)
    unary = unary.round(decimals)
    chains = chain_icm(unary[0], weights[0], theano_crf.dual_mm(unary, weights, iterations, "viterbi").labels[0])
    solution = theano_crf.dual_mm(unary, weights, iterations, "icm")
    # Chains that tie may be solved differently, and then other labels follow.
    assert solution.energy[0] <= theano_crf.energy(unary, weights, chains[None])[0] + 1e-4 or decimals < 3
    viterbi = theano_crf.dual_mm(unary, weights, iterations, "viterbi").energy[0]
    assert solution.energy[0] <= viterbi + 1e-5 * (1 + abs(viterbi))
    if labels ** (height * width) <= 5000:
        assert solution.energy[0] >= twins.least_energy(unary[0], weights[0]) - 1e-4


@settings(max_examples=15, **QUIET)
@given(st.integers(0, 2 ** 31), st.integers(20, 70), st.integers(20, 70), st.sampled_from([twins.PAPERS, EIGHT]),
       st.integers(1, 4))
def test_threads_do_not_matter(seed, height, width, neighbours, decimals):
    unary, weights = made_problem(seed, neighbours, 2, 4, height, width)
    openmp = ctypes.CDLL("libgomp.so.1")
    before, labellings = openmp.omp_get_max_threads(), []
    try:
        for threads in (1, 2):
            openmp.omp_set_num_threads(threads)
            labellings.append(theano_crf.dual_mm(unary.round(decimals), weights, 2, "icm",
                                                 neighbours=neighbours).labels)
    finally:
        openmp.omp_set_num_threads(before)
    assert (labellings[0] == labellings[1]).all()


def test_void_pixels_have_no_margin_in_a_move():
    """The labels of the loss-augmented problem: no move has less energy, the margin of labelled pixels taken off."""
    unary, weights = made_problem(5, twins.PAPERS, 1, 3, 3, 4)
    truth = np.random.default_rng(5).integers(0, 3, (1, 3, 4))
    truth[0, 1] = 255
    labels = theano_crf.ssvm(unary, weights, truth, gamma=0.7, iterations=1, decode="icm").labels
    augmented = unary.copy()
    for label in range(3):
        augmented[:, label] -= np.float32(0.7) * ((truth != label) & (truth != 255))
    moves = energies_of_moves(augmented[0], weights[0], labels[0], twins.PAPERS, None)
    assert moves.min() >= theano_crf.energy(augmented, weights, labels)[0] - 1e-5


def test_without_a_minimum_cut_icm_ends_without_moves():
    """Label 2 lies between the others; one move too many would raise the energy by the cost 9."""
    for seed in range(5):
        unary, weights = made_problem(seed, twins.PAPERS, 1, 3, 12, 13)
        viterbi, icm = (theano_crf.dual_mm(unary, weights, 2, decode, compatibility=NOT_A_METRIC).energy[0]
                        for decode in ("viterbi", "icm"))
        assert icm <= viterbi + 1e-4
