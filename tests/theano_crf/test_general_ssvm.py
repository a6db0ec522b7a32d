"""The structured loss on any neighbourhood, with compatibilities and margins of any cost, void pixels included."""
import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf
from theano_crf import graph

from . import general_twins, twins
from .general_twins import random_compatibility, random_problem
from .test_void import central_differences

VOID, GAMMA = 255, 0.3
EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
CHAINS = [(((0, 1),), (1, 3, 1, 7)), (((2, 1),), (1, 3, 5, 2)), (((1, -1),), (1, 2, 3, 4)), (((1, 0),), (1, 3, 8, 1))]
GRIDS = [(EIGHT, (1, 2, 3, 4)), (((1, 0), (1, 0), (0, 1)), (1, 3, 3, 3)), (((0, 2), (2, -1)), (1, 3, 2, 4))]
KINDS = ("potts", "symmetric", "directed", "rewards", "zero")


def problem(seed, neighbours, shape, kind, void_share=0.4):
    """Unary costs, weights, truth, margins (N, K, K) and compatibility."""
    unary, weights = random_problem(seed, shape, neighbours)
    weights = weights + np.float32(0.01)
    generator = np.random.default_rng(seed + 1000)
    truth = generator.integers(0, shape[1], (shape[0], *shape[2:]))
    truth[generator.random(truth.shape) < void_share] = VOID
    gamma = generator.random((shape[0], shape[1], shape[1])).astype(np.float32)
    return unary, weights, truth, gamma, random_compatibility(seed, kind, shape[1], len(neighbours))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("neighbours, shape", CHAINS, ids=str)
def test_on_chains_loss_and_certificate_are_the_hinge(neighbours, shape, kind):
    for seed in range(6):
        unary, weights, truth, gamma, mu = problem(seed, neighbours, shape, kind)
        for margin in (GAMMA, gamma[0], gamma):
            structured = theano_crf.ssvm(unary, weights, truth, margin, neighbours=neighbours, compatibility=mu)
            matrix = margin[0] if np.ndim(margin) == 3 else margin
            hinge = twins.hinge(unary[0], weights[0], truth[0], matrix, VOID, neighbours, mu)
            assert structured.loss[0] == pytest.approx(hinge, abs=1e-5)
            assert structured.certificate[0] == pytest.approx(hinge, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("neighbours, shape", GRIDS, ids=str)
def test_the_certificate_is_no_less_than_the_hinge(neighbours, shape, kind):
    for seed in range(5):
        unary, weights, truth, gamma, mu = problem(seed, neighbours, shape, kind)
        for iterations in (1, 15):
            structured = theano_crf.ssvm(unary, weights, truth, gamma, iterations=iterations, neighbours=neighbours,
                                         compatibility=mu)
            hinge = twins.hinge(unary[0], weights[0], truth[0], gamma[0], VOID, neighbours, mu)
            assert structured.certificate[0] >= max(hinge, structured.loss[0]) - 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("neighbours, shape", GRIDS + [(EIGHT, (2, 4, 9, 21)), (EIGHT, (3, 2, 1, 1))], ids=str)
def test_loss_and_gradients_follow_the_definition(neighbours, shape, kind):
    unary, weights, truth, gamma, mu = problem(3, neighbours, shape, kind)
    structured = theano_crf.ssvm(unary, weights, truth, gamma, neighbours=neighbours, compatibility=mu)
    completed = twins.completed_truth(structured)
    np.testing.assert_array_equal(completed[truth != VOID], truth[truth != VOID])
    matrices = twins.matrices(mu, neighbours, shape[1])
    expected_weights, pairs = np.zeros_like(weights), np.zeros(matrices.shape)
    for n in range(shape[0]):
        one = unary[n], weights[n], truth[n], completed[n], structured.labels[n]
        expected = twins.ssvm_loss(*one, gamma[n], VOID, neighbours, mu)
        assert structured.loss[n] == pytest.approx(expected, rel=1e-6, abs=1e-5)
        for d, first, second in twins.edges(neighbours, *shape[2:]):
            for sign, labels in ((1, completed[n]), (-1, structured.labels[n])):
                expected_weights[(n, d, *first)] += sign * matrices[d, labels[first], labels[second]]
                pairs[d, labels[first], labels[second]] += sign * weights[(n, d, *first)]
    np.testing.assert_allclose(structured.grad_weights, expected_weights, atol=1e-5)
    classes = np.arange(shape[1])[:, np.newaxis, np.newaxis]
    np.testing.assert_array_equal(structured.grad_unary, 1.0 * (classes == completed[:, np.newaxis])
                                  - (classes == structured.labels[:, np.newaxis]))
    if mu is None:
        assert structured.grad_compatibility is None
    else:
        np.testing.assert_allclose(structured.grad_compatibility, pairs if mu.ndim == 3 else pairs.sum(axis=0),
                                   atol=1e-4)


@pytest.mark.parametrize("neighbours, shape", [(EIGHT, (1, 3, 5, 6)), (((0, 2), (1, 0)), (1, 3, 6, 5))], ids=str)
@pytest.mark.parametrize("kind", ["potts", "directed"])
def test_the_void_problem_is_the_twins(neighbours, shape, kind):
    """The completed truth is the better of DualMM's labels of the twin's void problem and of the augmented labels."""
    for seed in range(4):
        unary, weights, truth, gamma, mu = problem(seed, neighbours, shape, kind)
        structured = theano_crf.ssvm(unary, weights, truth, gamma, iterations=3, neighbours=neighbours,
                                     compatibility=mu)
        costs, latent = twins.void_problem(unary[0], np.nan_to_num(weights[0]), truth[0], VOID, neighbours, mu)
        alone, _ = general_twins.dual_mm(costs, latent, 3, neighbours, mu)
        candidates = [np.where(truth[0] == VOID, filling, truth[0]) for filling in (structured.labels[0], alone)]
        energies = [twins.energy(unary[0], weights[0], one, neighbours, mu) for one in candidates]
        completed = twins.energy(unary[0], weights[0], twins.completed_truth(structured)[0], neighbours, mu)
        assert completed == pytest.approx(min(energies), abs=1e-4)


def is_exact(structured, unary, weights, truth, gamma, neighbours, mu, distance):
    """True if inference found both minimisers, and if no other labelling comes within `distance` of them."""
    energies = twins.all_energies(unary, weights, neighbours, mu)
    labellings = twins.all_labellings(*unary.shape)
    margin = np.take_along_axis(twins.margins(gamma, truth, len(unary), VOID)[np.newaxis],
                                labellings[..., np.newaxis], 3).sum(axis=(1, 2, 3))
    fits = ((labellings == truth) | (truth == VOID)).all(axis=(1, 2))
    gaps = [np.diff(np.sort(values)[:2]) for values in (energies - margin, energies[fits])]
    hinge = energies[fits].min() - (energies - margin).min()
    return all((gap > distance).all() for gap in gaps) and abs(structured.loss[0] - hinge) < 1e-5


@pytest.mark.parametrize("neighbours, shape", CHAINS[:2] + GRIDS[:2], ids=str)
@pytest.mark.parametrize("kind", ["potts", "directed", "rewards"])
def test_gradients_are_central_differences(neighbours, shape, kind):
    step, compared = 1e-3, 0
    for seed in range(12):
        unary, weights, truth, gamma, mu = problem(seed, neighbours, shape, kind)
        weights = np.nan_to_num(weights)
        options = dict(neighbours=neighbours, compatibility=mu)
        structured = theano_crf.ssvm(unary, weights, truth, GAMMA, **options)
        if not is_exact(structured, unary[0], weights[0], truth[0], GAMMA, neighbours, mu, 20 * step):
            continue
        compared += 1
        entries = [list(np.ndindex(*unary.shape)),
                   [(0, d, *first) for d, first, _ in twins.edges(neighbours, *shape[2:])]]
        for argument, gradient in ((0, structured.grad_unary), (1, structured.grad_weights)):
            differences = central_differences(unary, weights, truth, argument, entries[argument], step, **options)
            assert differences == pytest.approx([gradient[entry] for entry in entries[argument]], abs=2e-2)
        for entry in np.ndindex(*(() if mu is None else mu.shape)):
            if mu is None or mu[entry] < step:
                continue
            losses = []
            for sign in (1, -1):
                moved = mu.astype(np.float64)
                moved[entry] += sign * step
                losses.append(theano_crf.ssvm(unary, weights, truth, GAMMA, neighbours=neighbours,
                                              compatibility=moved).loss[0])
            assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(structured.grad_compatibility[entry], abs=2e-2)
    assert compared >= (1 if kind == "rewards" else 3)


@pytest.mark.parametrize("axes", [2, 3])
def test_theano_differentiates_the_loss(axes):
    unary, weights, truth = T.ftensor4(), T.ftensor4(), T.itensor3()
    mu = T.fmatrix() if axes == 2 else T.ftensor3()
    result = graph.ssvm(unary, weights, truth, 0.3, neighbours=EIGHT, compatibility=mu)
    scaled = (result.loss * [2.0, 0.5]).sum()
    function = theano.function([unary, weights, truth, mu], T.grad(scaled, [unary, weights, mu]))
    arguments = problem(6, EIGHT, (2, 3, 5, 6), "directed")
    matrices = arguments[4][0] if axes == 2 else arguments[4]
    gradients = function(*arguments[:2], arguments[2].astype(np.int32), matrices)
    ones = [theano_crf.ssvm(*(array[n:n + 1] for array in arguments[:3]), 0.3, neighbours=EIGHT,
                            compatibility=matrices) for n in range(2)]
    for gradient, name in zip(gradients, ("grad_unary", "grad_weights")):
        expected = np.concatenate([scale * getattr(one, name) for scale, one in zip((2.0, 0.5), ones)])
        np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    expected = 2.0 * ones[0].grad_compatibility + 0.5 * ones[1].grad_compatibility
    np.testing.assert_allclose(gradients[2], expected, rtol=1e-4, atol=1e-5)


def test_theano_differentiates_through_contrast_weights_and_a_compatibility_of_parameters():
    """The gradient reaches what the weights and the compatibility are computed from."""
    unary, weights, truth, _, _ = problem(8, EIGHT, (1, 3, 4, 5), "potts")
    image = np.random.default_rng(0).random((1, 3, 4, 5)).astype(np.float32)
    symbol, scale = T.ftensor4(), T.dscalar()
    edges = graph.contrast_weights(symbol, 3.0, 1.0, 1.0, EIGHT)
    loss = graph.ssvm(unary, edges, truth.astype(np.int32), neighbours=EIGHT,
                      compatibility=scale * (1 - np.eye(3))).loss.sum()
    derivative = theano.function([symbol, scale], T.grad(loss, scale))(image, 1.5)
    function = theano.function([symbol, scale], loss)
    assert derivative == pytest.approx((function(image, 1.51) - function(image, 1.49)) / 0.02, abs=2e-2)


def test_a_matrix_of_the_papers_margin_is_the_papers_margin():
    unary, weights = twins.random_problem(9, 2, 4, 9, 21)
    truth = np.random.default_rng(9).integers(0, 4, (2, 9, 21))
    truth[:, 3] = VOID
    expected = theano_crf.ssvm(unary, weights, truth, 0.4)
    for gamma in (0.4 * (1 - np.eye(4)), [0.4 * (1 - np.eye(4))] * 2):
        structured = theano_crf.ssvm(unary, weights, truth, gamma)
        assert structured.loss == pytest.approx(expected.loss, abs=1e-3)
        assert structured.certificate == pytest.approx(expected.certificate, abs=1e-3)
        assert np.mean(structured.labels == expected.labels) > 0.99


def test_margins_of_true_labels_cost_too():
    unary, weights = np.zeros((1, 2, 1, 1)), np.zeros((1, 2, 1, 1))
    structured = theano_crf.ssvm(unary, weights, [[[1]]], [[0, 0], [0.5, 2]])
    assert structured.loss[0] == 2 and structured.labels.tolist() == [[[1]]]


def test_nothing_labelled_costs_nothing():
    unary, weights, truth, gamma, mu = problem(10, EIGHT, (2, 3, 6, 20), "directed")
    structured = theano_crf.ssvm(unary, weights, np.full_like(truth, VOID), gamma, neighbours=EIGHT, compatibility=mu)
    assert not structured.loss.any() and not structured.grad_unary.any() and not structured.grad_weights.any()
    assert not structured.grad_compatibility.any() and (structured.certificate >= -1e-4).all()
