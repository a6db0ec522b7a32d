"""The structured loss with any neighbourhood and margins on the GPU, and compatibilities, which the CPU takes.

test_gpu.py starts it.
"""
import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf
from theano_crf import graph
from theano_crf.defaults import NEIGHBOURS
from theano_crf.gpu.ops import GpuCompletion
from theano_crf.ops import Completion, DualMM, Energy, NativeOp, StructuredLoss

from . import twins
from .general_twins import random_problem
from .gpu_cases import ON_CPU, VOID, ops_of, random_truth
from .gpu_twins import EIGHT, assert_labels, dual_mm, on_cpu, random_margins


@pytest.mark.parametrize("shape, neighbours", [
    ((2, 4, 9, 21), EIGHT), ((1, 19, 31, 18), ((0, 4), (4, 0))), ((2, 3, 12, 17), ((0, 1), (1, 0), (0, 1))),
    ((1, 3, 1, 30), ((0, 2), (1, 1))), ((1, 2, 30, 1), EIGHT), ((2, 3, 14, 11), ((3, -2), (0, 5))),
    ((2, 4, 10, 12), NEIGHBOURS)], ids=str)
@pytest.mark.parametrize("margins", ["one", "matrix", "matrices"])
def test_ssvm_is_the_cpus(shape, neighbours, margins):
    unary, weights = random_problem(4, shape, neighbours)
    truth = random_truth(4, unary)
    images, labels = shape[:2]
    gamma = 0.4 if margins == "one" else random_margins(4, images, labels) if margins == "matrices" else \
        random_margins(4, 1, labels)[0]
    structured = theano_crf.ssvm(unary, weights, truth, gamma, iterations=2, neighbours=neighbours)

    each = gamma if margins == "matrices" else [gamma] * images
    loss_of = np.stack([twins.margins(one, true, labels, VOID) for one, true in zip(each, truth)])
    rest = np.stack([dual_mm(*one, neighbours, 2) for one in zip(unary - loss_of.transpose(0, 3, 1, 2), weights)])
    assert_labels(structured.labels, rest)

    completed = twins.completed_truth(structured).astype(np.int32)
    assert (completed == truth)[truth != VOID].all()
    energies = [twins.energy(*one, neighbours) for one in zip(unary, weights, completed)]
    bounds = rest.min(axis=1).sum(axis=(1, 2))
    np.testing.assert_allclose(structured.certificate, energies - bounds, rtol=1e-4, atol=1e-3)

    as_gamma = T.fscalar if margins == "one" else T.ftensor3
    loss = on_cpu(StructuredLoss(neighbours), T.ftensor4, T.ftensor4, T.itensor3, T.itensor3, T.itensor3, as_gamma,
                  T.iscalar)
    expected = loss(unary, weights, truth, completed, structured.labels,
                    np.float32(gamma) if margins == "one" else np.stack(each), VOID)
    np.testing.assert_allclose(structured.loss, expected[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(structured.grad_unary, expected[1])
    np.testing.assert_array_equal(structured.grad_weights, expected[2])


@pytest.mark.parametrize("seed", range(6))
def test_ssvm_by_brute_force(seed):
    neighbours = [EIGHT, ((0, 2), (2, 1)), ((1, 0), (1, 0), (0, 1))][seed % 3]
    unary, weights = random_problem(seed, (1, 2, 3, 4), neighbours)
    truth, margins = random_truth(seed, unary)[0], random_margins(seed, 1, 2)[0]
    labellings, energies = twins.all_labellings(2, 3, 4), twins.all_energies(unary[0], weights[0], neighbours)
    labelled = truth != VOID
    costs = margins[truth[labelled], labellings[:, labelled]].sum(axis=1)
    hinge = energies[(labellings == truth)[:, labelled].all(axis=1)].min() - (energies - costs).min()
    structured = theano_crf.ssvm(unary, weights, truth[None], margins, iterations=30, neighbours=neighbours)
    assert structured.certificate[0] >= hinge - 1e-4
    completed = twins.completed_truth(structured)[0]
    at = [int((labellings == one).all(axis=(1, 2)).argmax()) for one in (completed, structured.labels[0])]
    assert structured.loss[0] == pytest.approx(costs[at[1]] + energies[at[0]] - energies[at[1]], abs=1e-5)


@pytest.mark.parametrize("shape, neighbours", [
    ((2, 4, 12, 21), EIGHT), ((1, 3, 15, 9), ((0, 4), (4, 0), (2, -1)))], ids=str)
def test_void_labels_are_the_cpus(shape, neighbours):
    unary, weights = random_problem(8, shape, neighbours)
    truth, labels = random_truth(8, unary), unary.argmin(axis=1).astype(np.int32)
    truth[:, 3:9, 2:8] = VOID
    types = T.ftensor4, T.ftensor4, T.itensor3, T.itensor3, T.lscalar, T.iscalar
    expected, _ = on_cpu(Completion(neighbours), *types)(unary, weights, truth, labels, 5, VOID)
    inputs = [type_() for type_ in types]
    function = theano.function(inputs, Completion(neighbours)(*inputs)[0], allow_input_downcast=True)
    assert any(isinstance(one, GpuCompletion) for one in ops_of(function))
    completed = function(unary, weights, truth, labels, 5, VOID)
    assert (completed == truth)[truth != VOID].all() and (completed == expected).mean() > 0.97
    for one in zip(unary, weights, completed, expected):
        energies = [twins.energy(*one[:2], labels, neighbours) for labels in one[2:]]
        assert energies[0] == pytest.approx(energies[1], rel=2e-3, abs=2e-3)


def test_gradients_of_a_graph():
    unary, weights = random_problem(9, (2, 3, 7, 8), EIGHT)
    truth = random_truth(9, unary)
    variables = T.ftensor4(), T.ftensor4(), T.itensor3()
    result = graph.ssvm(*variables, iterations=3, neighbours=EIGHT)
    gradients = theano.function(variables, T.grad(result.loss.sum(), variables[:2]))
    assert not any(isinstance(one, NativeOp) for one in ops_of(gradients))
    structured = theano_crf.ssvm(unary, weights, truth, iterations=3, neighbours=EIGHT)
    for gradient, expected in zip(gradients(unary, weights, truth), (structured.grad_unary, structured.grad_weights)):
        np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("symbolic", [False, True])
def test_compatibilities_run_on_the_cpu(symbolic):
    unary, weights = random_problem(13, (1, 3, 6, 7), EIGHT)
    compatibility = np.random.default_rng(13).random((3, 3)).astype(np.float32)
    if symbolic:
        inputs = T.ftensor4(), T.ftensor4(), T.fmatrix()
        result = graph.dual_mm(*inputs[:2], iterations=4, neighbours=EIGHT, compatibility=inputs[2])
        function = theano.function(inputs, list(result))
        assert {type(one) for one in ops_of(function) if isinstance(one, NativeOp)} == {DualMM, Energy}
        labels, bound, energies = function(unary, weights, compatibility)
    else:
        labels, bound, energies = theano_crf.dual_mm(unary, weights, 4, neighbours=EIGHT, compatibility=compatibility)
    solve = on_cpu(DualMM(neighbours=EIGHT, potts=False), T.ftensor4, T.ftensor4, T.lscalar, T.dscalar, T.itensor3,
                   T.fscalar, T.iscalar, T.ftensor3)
    expected = solve(unary, weights, 4, -np.inf, np.empty((0, 0, 0), np.int32), 0, -1, np.stack([compatibility] * 4))
    assert (labels == expected[0]).all() and bound == expected[1]
    assert bound <= energies


@pytest.mark.parametrize("axes", [2, 3])
def test_the_loss_with_compatibilities_runs_on_the_cpu(axes):
    unary, weights = random_problem(16, (2, 3, 6, 7), EIGHT)
    truth = random_truth(16, unary)
    shape = (len(EIGHT), 3, 3)[3 - axes:]
    compatibility = np.random.default_rng(16).random(shape).astype(np.float32)
    variables = T.ftensor4(), T.ftensor4(), T.itensor3(), T.TensorType("float32", (False,) * axes)()
    result = graph.ssvm(*variables[:3], iterations=3, neighbours=EIGHT, compatibility=variables[3])
    outputs = [result.loss, *T.grad(result.loss.sum(), [variables[index] for index in (0, 1, 3)])]
    on_device, expected = (theano.function(variables, outputs, mode=mode)(unary, weights, truth, compatibility)
                           for mode in (None, ON_CPU))
    for one, other in zip(on_device, expected):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
    structured = theano_crf.ssvm(unary, weights, truth, iterations=3, neighbours=EIGHT, compatibility=compatibility)
    np.testing.assert_allclose(structured.loss, expected[0], rtol=1e-6)
    np.testing.assert_allclose(structured.grad_compatibility, expected[3], rtol=1e-5, atol=1e-5)
