"""Potts with any neighbourhood on the GPU, against twins, brute force and the CPU's Ops; test_gpu.py starts it."""
import functools
import itertools

import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.gpuarray.basic_ops import HostFromGpu

import theano_crf
from theano_crf import functions, graph
from theano_crf.defaults import NEIGHBOURS
from theano_crf.gpu.general import GeneralProblem
from theano_crf.gpu.ops import GpuCompletion, GpuDualMM, GpuEnergy, GpuStructuredLoss
from theano_crf.ops import Completion, DualMM, Energy, NativeOp, StructuredLoss

from . import twins
from .gpu_cases import ON_CPU, VOID, ops_of, random_truth

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
NEIGHBOURHOODS = [EIGHT, ((0, 4), (4, 0)), ((0, 1), (1, 0), (0, 1)), ((1, 0), (0, 1)), ((2, -3),),
                  ((0, 2), (3, 1), (1, -2)), ((1, -1), (0, 3), (5, 2)), ((40, 0), (0, 90), (1, 1), (3, -80))]
# Chains of one segment, of a few and of many; labels shared by 1, 2, 4, 8, 16 and 32 threads.
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 17), (2, 4, 19, 1), (1, 2, 2, 2), (3, 3, 7, 16), (1, 3, 33, 65), (1, 2, 3, 300),
          (1, 2, 270, 5), (2, 7, 20, 31), (1, 19, 40, 30), (1, 40, 17, 9), (1, 100, 9, 13), (1, 255, 5, 8)]
PROBLEMS = [(shape, NEIGHBOURHOODS[index % 3 + 2 * (index % 4 == 3)]) for index, shape in enumerate(SHAPES)]
PROBLEMS += [((2, 3, 11, 14), neighbours) for neighbours in NEIGHBOURHOODS]


def random_problem(seed, shape, neighbours, strength=1.0):
    generator = np.random.default_rng(seed)
    images, _, height, width = shape
    weights = strength * generator.random((images, len(neighbours), height, width)).astype(np.float32)
    return generator.normal(size=shape).astype(np.float32), weights * (generator.random(weights.shape) > 0.1)


def random_margins(seed, images, labels):
    margins = np.random.default_rng(seed).random((images, labels, labels)).astype(np.float32)
    return margins * (1 - np.eye(labels, dtype=np.float32))


def edges_of(height, width, offset):
    """The first pixels (y, x) and the second ones of all edges of an offset."""
    (dy, dx), pixels = offset, itertools.product(range(height), range(width))
    return [((y, x), (y + dy, x + dx)) for y, x in pixels if 0 <= y + dy < height and 0 <= x + dx < width]


def energy(unary, weights, labels, neighbours):
    total = sum(float(unary[(labels[pixel], *pixel)]) for pixel in np.ndindex(labels.shape))
    for direction, offset in enumerate(neighbours):
        total += sum(float(weights[(direction, *one)]) for one, other in edges_of(*labels.shape, offset)
                     if labels[one] != labels[other])
    return total


def all_energies(unary, weights, neighbours):
    """The energy of every labelling, in the order of `twins.all_labellings`."""
    labellings = twins.all_labellings(*unary.shape)
    y, x = np.indices(unary.shape[1:])
    total = unary.astype(np.float64)[labellings, y, x].sum(axis=(1, 2))
    for direction, offset in enumerate(neighbours):
        for one, other in edges_of(*unary.shape[1:], offset):
            total += (labellings[(..., *one)] != labellings[(..., *other)]) * float(weights[(direction, *one)])
    return total


def chains_of(height, width, offset):
    """The pixels (y, x) of each of an offset's chains, joined as the solver joins them."""
    dy, dx = offset
    if dy == 0:
        return [[(y, x) for x, y in chain] for chain in chains_of(width, height, (dx, 0))]
    rows = [y for start in range(min(dy, height)) for y in range(start, height, dy)]
    return [[(y, (column + y // dy * dx) % width) for y in rows] for column in range(width)]


def minorant(costs, weights, offset):
    """The hierarchical minorants F (K, H, W) of costs (K, H, W) in a direction with weights (H, W)."""
    result = np.empty(costs.shape)
    edges = dict(edges_of(*weights.shape, offset))
    for chain in chains_of(*weights.shape, offset):
        along = [weights[one] if edges.get(one) == other else 0.0 for one, other in zip(chain, chain[1:])]
        y, x = np.transpose(chain)
        result[:, y, x] = twins.chain_minorant(costs[:, y, x].T, np.array(along, np.float64)).T
    return result


def dual_mm(unary, weights, neighbours, iterations):
    """The costs R of one image after that many iterations; its labels and its bound follow from them."""
    rest, withheld = unary.astype(np.float64), np.zeros((len(neighbours), *unary.shape))
    for _ in range(iterations):
        for direction, offset in enumerate(neighbours):
            costs = rest + withheld[direction]
            rest = minorant(costs, weights[direction], offset)
            withheld[direction] = costs - rest
    return rest


def assert_labels(labels, rest):
    """Labels are the argmin of R (N, K, H, W) where rounding cannot change it."""
    ordered = np.sort(rest, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 1e-3
    assert (labels == rest.argmin(axis=1))[clear].all() and clear.mean() > 0.9


@functools.lru_cache(maxsize=None)
def on_cpu(op, *types):
    """An Op as a function on the CPU; its inputs have the given types."""
    inputs = [type_() for type_ in types]
    outputs = op(*inputs)
    return theano.function(inputs, outputs, mode=ON_CPU, allow_input_downcast=True)


@pytest.mark.parametrize("name, op, gamma_axes", [
    ("dual_mm", GpuDualMM, 0), ("ssvm", GpuDualMM, 3), ("ssvm", GpuStructuredLoss, 3), ("ssvm", GpuCompletion, 0),
    ("energy", GpuEnergy, 0)])
def test_everything_runs_on_the_device(name, op, gamma_axes):
    decode = None if name == "energy" else "argmin"
    for neighbours in (EIGHT, NEIGHBOURS):
        ops = ops_of(functions._compiled(name, decode, neighbours, gamma_axes=gamma_axes))
        assert any(isinstance(one, op) for one in ops)
        assert not any(isinstance(one, NativeOp) for one in ops)


@pytest.mark.parametrize("shape, neighbours", PROBLEMS, ids=str)
def test_dual_mm_is_the_twins(shape, neighbours):
    unary, weights = random_problem(1, shape, neighbours)
    rest = np.stack([dual_mm(*one, neighbours, 2) for one in zip(unary, weights)])
    solution = theano_crf.dual_mm(unary, weights, 2, neighbours=neighbours)
    np.testing.assert_allclose(solution.lower_bound, rest.min(axis=1).sum(axis=(1, 2)), rtol=1e-5, atol=1e-4)
    assert_labels(solution.labels, rest)
    expected = [energy(*one, neighbours) for one in zip(unary, weights, solution.labels)]
    np.testing.assert_allclose(solution.energy, expected, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("shape, neighbours", [
    ((1, 19, 90, 131), EIGHT), ((2, 7, 40, 700), ((0, 4), (4, 0))), ((1, 2, 1030, 5), ((1, 0), (0, 1), (2, 1))),
    ((1, 11, 100, 120), ((0, 30), (30, 0), (30, -30), (1, 0), (0, 1)))], ids=str)
def test_dual_mm_is_the_cpus(shape, neighbours):
    unary, weights = random_problem(2, shape, neighbours)
    solution = theano_crf.dual_mm(unary, weights, 5, neighbours=neighbours)
    expected, bound, _ = on_cpu(DualMM(neighbours=neighbours), T.ftensor4, T.ftensor4, T.lscalar, T.dscalar)(
        unary, weights, 5, -np.inf)
    np.testing.assert_allclose(solution.lower_bound, bound, rtol=1e-6)
    assert (solution.labels == expected).mean() > 0.99
    energies = on_cpu(Energy(neighbours), T.ftensor4, T.ftensor4, T.itensor3)(unary, weights, solution.labels)
    np.testing.assert_allclose(solution.energy, energies, rtol=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_brute_force(seed):
    generator = np.random.default_rng(seed)
    offsets = [(int(dy), int(dx)) for dy, dx in generator.integers((0, -3), (4, 4), (4, 2)) if dy > 0 or dx > 0]
    neighbours = tuple(offsets) or ((1, 0),)
    unary, weights = random_problem(seed, [(1, 2, 3, 4), (1, 3, 3, 3)][seed % 2], neighbours, 0.2 + seed % 4)
    optimum = all_energies(unary[0], weights[0], neighbours).min()
    for iterations in (1, 15):
        solution = theano_crf.dual_mm(unary, weights, iterations, neighbours=neighbours)
        assert solution.lower_bound[0] <= optimum + 1e-5 and solution.energy[0] >= optimum - 1e-5


@pytest.mark.parametrize("offset", [(0, 1), (0, 2), (2, 0), (1, 1), (2, -1), (3, 3)], ids=str)
def test_a_single_direction_is_solved_exactly(offset):
    unary, weights = random_problem(5, (2, 3, 9, 8), (offset,))
    for tolerance in (None, 0.0):
        solution = theano_crf.dual_mm(unary, weights, 3, tolerance=tolerance, neighbours=(offset,))
        assert solution.energy == pytest.approx(solution.lower_bound, abs=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 33, 40), (1, 7, 100, 21)], ids=str)
def test_more_directions_without_weights_change_nothing(shape):
    unary, weights = random_problem(6, shape, EIGHT)
    weights[:, 2:] = 0
    solution = theano_crf.dual_mm(unary, weights, 4, neighbours=EIGHT)
    expected = theano_crf.dual_mm(unary, np.ascontiguousarray(weights[:, :2]), 4)
    np.testing.assert_allclose(solution.lower_bound, expected.lower_bound, rtol=1e-6)
    assert (solution.labels == expected.labels).mean() > 0.99


def test_tolerance_ends_images_one_by_one():
    unary, weights = random_problem(7, (3, 3, 30, 40), EIGHT, strength=2.0)
    weights[1] = 0
    weights[2] *= 0.2
    fixed = [theano_crf.dual_mm(unary, weights, iterations, neighbours=EIGHT) for iterations in range(1, 13)]
    bounds = np.array([solution.lower_bound for solution in fixed])
    rises = np.diff(bounds, axis=0, prepend=-np.inf)
    assert (rises > -1e-3).all()
    for tolerance in (1e-4, 1e-2):
        solution = theano_crf.dual_mm(unary, weights, 12, tolerance=tolerance, neighbours=EIGHT)
        ends = [int(np.argmax(np.append(one[:-1] <= tolerance * 30 * 40, True))) for one in rises.T]
        assert len(set(ends)) > 1
        for n, end in enumerate(ends):
            assert solution.lower_bound[n] == bounds[end, n]
            assert (solution.labels[n] == fixed[end].labels[n]).all()


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

    each = np.broadcast_to(0.4 * (1 - np.eye(labels)) if margins == "one" else gamma, (images, labels, labels))
    labelled = truth != VOID
    loss_of = np.stack([one[np.where(known, true, 0)] for one, true, known in zip(each, truth, labelled)])
    augmented = unary - np.where(labelled[..., None], loss_of, 0).transpose(0, 3, 1, 2)
    rest = np.stack([dual_mm(*one, neighbours, 2) for one in zip(augmented, weights)])
    assert_labels(structured.labels, rest)

    completed = twins.completed_truth(structured).astype(np.int32)
    assert (completed == truth)[labelled].all()
    energies = [energy(*one, neighbours) for one in zip(unary, weights, completed)]
    bounds = rest.min(axis=1).sum(axis=(1, 2))
    np.testing.assert_allclose(structured.certificate, energies - bounds, rtol=1e-4, atol=1e-3)

    as_gamma = T.fscalar if margins == "one" else T.ftensor3
    loss = on_cpu(StructuredLoss(neighbours), T.ftensor4, T.ftensor4, T.itensor3, T.itensor3, T.itensor3, as_gamma,
                  T.iscalar)
    expected = loss(unary, weights, truth, completed, structured.labels,
                    gamma if margins == "one" else each.astype(np.float32), VOID)
    np.testing.assert_allclose(structured.loss, expected[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(structured.grad_unary, expected[1])
    np.testing.assert_array_equal(structured.grad_weights, expected[2])


@pytest.mark.parametrize("seed", range(6))
def test_ssvm_by_brute_force(seed):
    neighbours = [EIGHT, ((0, 2), (2, 1)), ((1, 0), (1, 0), (0, 1))][seed % 3]
    unary, weights = random_problem(seed, (1, 2, 3, 4), neighbours)
    truth, margins = random_truth(seed, unary)[0], random_margins(seed, 1, 2)[0]
    labellings, energies = twins.all_labellings(2, 3, 4), all_energies(unary[0], weights[0], neighbours)
    labelled = truth != VOID
    costs = (margins[truth[labelled], labellings[:, labelled]]).sum(axis=1)
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
        assert energy(*one[:3], neighbours) == pytest.approx(energy(*one[:2], one[3], neighbours), rel=2e-3, abs=2e-3)


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


@pytest.mark.parametrize("neighbours", [EIGHT, ((3, -7), (9, 2), (0, 11))], ids=str)
def test_contrast_weights_stay_on_the_device(neighbours):
    ops = ops_of(functions._compiled("contrast_weights", neighbours=neighbours))
    assert sum(isinstance(one, HostFromGpu) for one in ops) == 1
    image = np.random.default_rng(10).random((2, 3, 9, 10)).astype(np.float32)
    weights = theano_crf.contrast_weights(image, 3.0, 0.8, 2.0, neighbours=neighbours)
    expected = np.zeros(weights.shape)
    for n, direction in np.ndindex(weights.shape[:2]):
        for (y, x), (v, u) in edges_of(9, 10, neighbours[direction]):
            distance = np.linalg.norm(image[n, :, v, u] - image[n, :, y, x])
            expected[n, direction, y, x] = 2 * np.exp(-3 * distance ** 0.8) / np.hypot(*neighbours[direction])
    np.testing.assert_allclose(weights, expected, rtol=1e-4)


def test_entries_of_edges_that_leave_the_image_do_not_count():
    unary, weights = random_problem(11, (1, 3, 8, 9), EIGHT)
    expected = theano_crf.dual_mm(unary, weights, 3, neighbours=EIGHT)
    for direction, offset in enumerate(EIGHT):
        outside = np.ones((8, 9), bool)
        for one, _ in edges_of(8, 9, offset):
            outside[one] = False
        weights[0, direction][outside] = np.nan
    solution = theano_crf.dual_mm(unary, weights, 3, neighbours=EIGHT)
    assert solution.lower_bound == expected.lower_bound and (solution.labels == expected.labels).all()
    weights[0, 3, 2, 1] = np.nan
    with pytest.raises(ValueError, match="^weights holds NaN, infinite or negative values"):
        theano_crf.dual_mm(unary, weights, 3, neighbours=EIGHT)


def test_bad_values_have_the_cpus_sentences():
    unary, weights = random_problem(12, (2, 3, 4, 5), EIGHT)
    inputs = T.ftensor4("unary"), T.ftensor4("weights")
    solve = theano.function(inputs, graph.dual_mm(*inputs, neighbours=EIGHT).labels)
    broken = unary.copy()
    broken[1, 2, 3, 4] = np.inf
    for arguments, sentence in [((broken, weights), "unary holds NaN or infinite costs"),
                                ((unary, weights[:, :3]), r"it must be \(N, 4, H, W\)"),
                                ((unary, -weights), "weights holds NaN, infinite or negative values"),
                                ((unary[:0], weights[:0]), "unary is empty")]:
        with pytest.raises(ValueError, match=sentence):
            solve(*arguments)
    inputs += T.itensor3("truth"), T.ftensor3("gamma")
    loss = theano.function(inputs, graph.ssvm(*inputs, neighbours=EIGHT).loss)
    truth, margins = random_truth(12, unary), random_margins(12, 2, 3)
    for truth_, margins_, sentence in [(truth + 3, margins, "a label is neither one of the K classes"),
                                       (truth, -margins, "gamma must be from 0 to 1e30"),
                                       (truth, margins[:, :2], "gamma does not fit unary"),
                                       (truth[:1], margins, "labels do not fit unary")]:
        with pytest.raises(ValueError, match=sentence):
            loss(unary, weights, truth_, margins_)


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


@pytest.mark.parametrize("decode", ["viterbi", "icm"])
def test_other_decodings_fall_back_to_the_cpu(decode):
    unary, weights = random_problem(17, (1, 3, 12, 15), EIGHT, strength=1.5)
    solution = theano_crf.dual_mm(unary, weights, 2, decode, neighbours=EIGHT)
    expected, bound, _ = on_cpu(DualMM(decode, EIGHT), T.ftensor4, T.ftensor4, T.lscalar, T.dscalar)(
        unary, weights, 2, -np.inf)
    assert (solution.labels == expected).all() and solution.lower_bound == bound
    assert solution.energy[0] == pytest.approx(energy(unary[0], weights[0], solution.labels[0], EIGHT))
    assert solution.energy < theano_crf.dual_mm(unary, weights, 2, neighbours=EIGHT).energy


def test_no_room_on_the_device(monkeypatch):
    monkeypatch.setattr(GeneralProblem, "workspace_sizes", lambda problem: [10 ** 12])
    unary, weights = random_problem(15, (1, 2, 4, 5), EIGHT)
    with pytest.raises(MemoryError, match="^the GPU has no room for 4000000 MB more .*; take fewer or smaller images"):
        theano_crf.dual_mm(unary, weights, neighbours=EIGHT)


def test_a_volume_per_direction():
    unary, weights = (theano.gpuarray.gpuarray_shared_constructor(array).container.value
                      for array in random_problem(14, (1, 2, 64, 32), EIGHT))
    cuts, *others = GeneralProblem(unary, weights, EIGHT).workspace_sizes()
    assert others == [64 * 32] * 4 + [2 * 64 * 32] * 4
    assert cuts <= 3 * 2 * 64 * 32 // 8
