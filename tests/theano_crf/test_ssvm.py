"""The structured SVM against its definition by brute force, and its gradients against finite differences."""
import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf
from theano_crf import graph
from theano_crf.ops import DualMM

from . import twins

VOID = 255


def random_truth(seed, unary, void_share=0.2):
    generator = np.random.default_rng(seed)
    n, k, h, w = unary.shape
    truth = generator.integers(0, k, (n, h, w))
    truth[generator.random(truth.shape) < void_share] = VOID
    return truth


@pytest.mark.parametrize("seed", range(5))
def test_loss_is_the_hinge_where_inference_is_exact(seed):
    unary, weights = twins.random_problem(seed, 1, 3, 1, 7)  # a chain is solved exactly
    truth = random_truth(seed, unary, void_share=0)
    structured = theano_crf.ssvm(unary, weights, truth, gamma=0.3)
    assert structured.loss[0] == pytest.approx(twins.hinge(unary[0], weights[0], truth[0], 0.3, VOID), abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_loss_stays_below_the_hinge(seed):
    unary, weights = twins.random_problem(seed, 1, 2, 3, 4)
    truth = random_truth(seed, unary, void_share=0)
    hinge = twins.hinge(unary[0], weights[0], truth[0], 0.3, VOID)
    assert theano_crf.ssvm(unary, weights, truth, gamma=0.3).loss[0] <= hinge + 1e-5


def test_inference_is_loss_augmented():
    unary, weights = twins.random_problem(2, 2, 4, 9, 21)
    truth = random_truth(2, unary)
    margin = np.where((np.arange(4)[:, None, None] != truth[:, None]) & (truth != VOID)[:, None], 0.4, 0.0)
    expected = theano_crf.dual_mm(unary - margin, weights)
    assert np.mean(theano_crf.ssvm(unary, weights, truth, gamma=0.4).labels == expected.labels) > 0.99


@pytest.mark.parametrize("decode", ["viterbi", "icm"])
def test_better_decoding_finds_a_larger_loss_below_the_same_certificate(decode):
    gained = 0
    for seed in range(10):
        unary, weights = twins.random_problem(seed, 1, 3, 3, 3, strength=0.7)
        truth = random_truth(seed, unary)
        plain, better = (theano_crf.ssvm(unary, weights, truth, gamma=0.3, iterations=1, decode=way)
                         for way in ("argmin", decode))
        margin = np.where((np.arange(3)[:, None, None] != truth[:, None]) & (truth != VOID)[:, None], 0.3, 0.0)
        expected = theano_crf.dual_mm(unary - margin, weights, 1, decode).labels
        assert theano_crf.energy(unary - margin, weights, better.labels) == pytest.approx(
            theano_crf.energy(unary - margin, weights, expected), abs=1e-5)
        assert better.loss[0] <= twins.hinge(unary[0], weights[0], truth[0], 0.3, VOID) + 1e-5
        assert better.loss[0] <= better.certificate[0] + 1e-6
        gained += better.loss[0] > plain.loss[0] + 1e-3
    assert gained


def test_the_bound_of_loss_augmented_inference_counts_the_margin():
    unary, weights = twins.random_problem(3, 2, 4, 9, 21)
    truth = random_truth(3, unary)
    margin = np.where((np.arange(4)[:, None, None] != truth[:, None]) & (truth != VOID)[:, None], 0.4, 0.0)
    _, bound, _ = DualMM()(unary, weights, 15, -np.inf, truth.astype(np.int32), np.float32(0.4), VOID)
    expected = theano_crf.dual_mm(unary - margin, weights).lower_bound
    assert bound.eval() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (3, 4, 6, 5), (2, 255, 3, 17)])
def test_loss_and_gradients_follow_the_definition(shape):
    unary, weights = twins.random_problem(4, *shape)
    truth = random_truth(4, unary)
    structured = theano_crf.ssvm(unary, weights, truth, gamma=0.5)
    completed = twins.completed_truth(structured)
    np.testing.assert_array_equal(completed[truth != VOID], truth[truth != VOID])
    for n in range(shape[0]):
        one = unary[n], weights[n], truth[n], completed[n], structured.labels[n]
        assert structured.loss[n] == pytest.approx(twins.ssvm_loss(*one, 0.5, VOID), abs=1e-9)
    classes = np.arange(shape[1])[:, None, None]
    expected = 1.0 * (classes == completed[:, None]) - (classes == structured.labels[:, None])
    np.testing.assert_array_equal(structured.grad_unary, expected)
    expected = np.zeros_like(weights)
    for channel, (dy, dx) in enumerate([(0, 1), (1, 0)]):
        here = np.s_[:, :shape[2] - dy, :shape[3] - dx]
        there = np.s_[:, dy:, dx:]
        expected[:, channel][here] = 1.0 * (completed[here] != completed[there]) - (
            structured.labels[here] != structured.labels[there])
    np.testing.assert_array_equal(structured.grad_weights, expected)


def test_gradients_are_finite_differences_of_the_loss():
    unary, weights = twins.random_problem(5, 1, 3, 1, 8)  # exact inference, hence a convex loss
    truth = random_truth(5, unary, void_share=0)
    structured = theano_crf.ssvm(unary, weights, truth, gamma=0.3)
    assert np.count_nonzero(structured.grad_unary) > 0 and np.count_nonzero(structured.grad_weights) > 0
    step = 1e-3  # small against the distance to the next tie, which the random costs keep
    for argument, gradient in ((0, structured.grad_unary), (1, structured.grad_weights)):
        for entry in np.ndindex(gradient.shape):
            if argument == 1 and (entry[1] == 1 or entry[3] == 7):
                continue  # no edge
            losses = []
            for sign in (1, -1):
                problem = [unary.astype(np.float64), weights.astype(np.float64) + 0.01]
                problem[argument][entry] += sign * step
                losses.append(theano_crf.ssvm(*problem, truth, gamma=0.3).loss[0])
            assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(gradient[entry], abs=1e-2)


def test_theano_differentiates_the_loss():
    unary, weights, truth = T.ftensor4(), T.ftensor4(), T.itensor3()
    result = graph.ssvm(unary, weights, truth, gamma=0.3)
    scaled = (result.loss * [2.0, 0.5]).sum()
    gradients = theano.function([unary, weights, truth], T.grad(scaled, [unary, weights]))
    problem = twins.random_problem(6, 2, 3, 5, 6)
    labels = random_truth(6, problem[0]).astype(np.int32)
    expected = theano_crf.ssvm(*problem, labels, gamma=0.3)
    scale = np.array([2.0, 0.5])[:, None, None, None]
    for gradient, one in zip(gradients(*problem, labels), (expected.grad_unary, expected.grad_weights)):
        np.testing.assert_allclose(gradient, scale * one)


def test_nothing_labelled_costs_nothing():
    unary, weights = twins.random_problem(7, 2, 3, 6, 20)
    truth = np.full((2, 6, 20), VOID)
    truth[1, 2, 3] = 0
    structured = theano_crf.ssvm(unary, weights, truth)
    assert structured.loss[0] == 0 and not structured.grad_unary[0].any() and not structured.grad_weights[0].any()
    assert np.isfinite(structured.loss).all()


def test_a_truth_that_wins_by_the_margin_costs_nothing():
    truth = np.random.default_rng(8).integers(0, 4, (1, 10, 18))
    unary = np.where(np.arange(4)[:, None, None] == truth[:, None], 0.0, 0.11).astype(np.float32)
    weights = np.zeros((1, 2, 10, 18), np.float32)
    satisfied = theano_crf.ssvm(unary, weights, truth, gamma=0.1)
    assert satisfied.loss[0] == 0 and not satisfied.grad_unary.any() and (satisfied.labels == truth).all()
    violated = theano_crf.ssvm(unary, weights, truth, gamma=0.2)
    assert violated.loss[0] == pytest.approx(180 * (0.2 - 0.11), rel=1e-5)


def test_without_margin_the_loss_of_the_optimum_is_nothing():
    unary, weights = twins.random_problem(9, 1, 3, 1, 30)
    best = theano_crf.dual_mm(unary, weights).labels
    structured = theano_crf.ssvm(unary, weights, best, gamma=0)
    assert structured.loss[0] == 0 and (structured.labels == best).all()


def test_void_may_be_any_value():
    unary, weights = twins.random_problem(10, 1, 3, 4, 4)
    truth = random_truth(10, unary)
    other = np.where(truth == VOID, 0, truth)
    structured = theano_crf.ssvm(unary, weights, other, void=0)
    expected = theano_crf.ssvm(unary, weights, np.where(truth == 0, VOID, truth))
    assert structured.loss == expected.loss
