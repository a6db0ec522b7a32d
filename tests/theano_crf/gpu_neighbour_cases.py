"""DualMM with Potts and any neighbourhood on the GPU; test_gpu.py starts it."""
import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.gpuarray.basic_ops import HostFromGpu

import theano_crf
from theano_crf import graph
from theano_crf.defaults import NEIGHBOURS
from theano_crf.gpu.general import GeneralProblem
from theano_crf.gpu.ops import GpuCompletion, GpuDualMM, GpuEnergy, GpuMagnitudes, GpuStructuredLoss
from theano_crf.ops import DualMM, Energy, NativeOp, Proof
from theano_crf.theano_functions import theano_function

from . import twins
from .general_twins import random_problem
from .gpu_cases import ops_of, random_truth
from .gpu_twins import EIGHT, assert_labels, dual_mm, on_cpu, random_margins

NEIGHBOURHOODS = [EIGHT, ((0, 4), (4, 0)), ((0, 1), (1, 0), (0, 1)), ((1, 0), (0, 1)), ((2, -3),),
                  ((0, 2), (3, 1), (1, -2)), ((1, -1), (0, 3), (5, 2)), ((40, 0), (0, 90), (1, 1), (3, -80))]
# Chains of one segment, of a few and of many; labels shared by 1, 2, 4, 8, 16 and 32 threads.
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 17), (2, 4, 19, 1), (1, 2, 2, 2), (3, 3, 7, 16), (1, 3, 33, 65), (1, 2, 3, 300),
          (1, 2, 270, 5), (2, 7, 20, 31), (1, 19, 40, 30), (1, 40, 17, 9), (1, 100, 9, 13), (1, 255, 5, 8)]
PROBLEMS = [(shape, NEIGHBOURHOODS[index % 3 + 2 * (index % 4 == 3)]) for index, shape in enumerate(SHAPES)]
PROBLEMS += [((2, 3, 11, 14), neighbours) for neighbours in NEIGHBOURHOODS]


@pytest.mark.parametrize("name, op, gamma_axes", [
    ("dual_mm", GpuDualMM, 0), ("ssvm", GpuDualMM, 3), ("ssvm", GpuStructuredLoss, 3), ("ssvm", GpuCompletion, 0),
    ("energy", GpuEnergy, 0)])
def test_everything_runs_on_the_device(name, op, gamma_axes):
    decode = None if name == "energy" else "argmin"
    for neighbours in (EIGHT, NEIGHBOURS):
        ops = ops_of(theano_function(name, decode, neighbours, gamma_axes=gamma_axes))
        assert any(isinstance(one, op) for one in ops)
        assert not any(isinstance(one, NativeOp) for one in ops)


@pytest.mark.parametrize("shape, neighbours", PROBLEMS, ids=str)
def test_dual_mm_is_the_twins(shape, neighbours):
    unary, weights = random_problem(1, shape, neighbours)
    rest = np.stack([dual_mm(*one, neighbours, 2) for one in zip(unary, weights)])
    solution = theano_crf.dual_mm(unary, weights, 2, neighbours=neighbours)
    np.testing.assert_allclose(solution.lower_bound, rest.min(axis=1).sum(axis=(1, 2)), rtol=1e-5, atol=1e-4)
    assert_labels(solution.labels, rest)
    expected = [twins.energy(*one, neighbours) for one in zip(unary, weights, solution.labels)]
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
    optimum = twins.least_energy(unary[0], weights[0], neighbours)
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


@pytest.mark.parametrize("neighbours", [NEIGHBOURS, EIGHT, ((0, 4), (4, 0))], ids=str)
def test_labels_are_proven_where_rounding_hides_the_gap(neighbours):
    unary, weights = random_problem(18, (3, 3, 12, 14), neighbours)
    weights[0] *= 0.01
    solution = theano_crf.dual_mm(unary, weights, 15, neighbours=neighbours)
    assert solution.proven.dtype == bool and solution.proven[0]
    types = T.ftensor4, T.ftensor4, T.itensor3, T.dvector, T.dvector
    inputs = [type_() for type_ in types]
    prove = theano.function(inputs, Proof(neighbours)(*inputs))
    assert any(isinstance(one, GpuMagnitudes) for one in ops_of(prove))
    costs = np.abs(np.take_along_axis(unary, solution.labels[:, np.newaxis], 1)).sum(axis=(1, 2, 3), dtype=np.float64)
    hidden = 2.0 ** -24 * (costs + np.nansum(weights, axis=(1, 2, 3), dtype=np.float64))
    for share, proven in ((0.0, True), (0.99, True), (1.01, False)):
        arguments = unary, weights, solution.labels, solution.energy, solution.energy - share * hidden
        assert (prove(*arguments) == proven).all()
        assert (on_cpu(Proof(neighbours), *types)(*arguments) == proven).all()


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


@pytest.mark.parametrize("neighbours", [EIGHT, ((3, -7), (9, 2), (0, 11))], ids=str)
def test_contrast_weights_stay_on_the_device(neighbours):
    ops = ops_of(theano_function("contrast_weights", neighbours=neighbours))
    assert sum(isinstance(one, HostFromGpu) for one in ops) == 1
    image = np.random.default_rng(10).random((2, 3, 9, 10)).astype(np.float32)
    weights = theano_crf.contrast_weights(image, 3.0, 0.8, 2.0, neighbours=neighbours)
    expected = np.zeros(weights.shape)
    for direction, (y, x), (v, u) in twins.edges(neighbours, 9, 10):
        distance = np.linalg.norm(image[:, :, v, u] - image[:, :, y, x], axis=1)
        expected[:, direction, y, x] = 2 * np.exp(-3 * distance ** 0.8) / np.hypot(*neighbours[direction])
    np.testing.assert_allclose(weights, expected, rtol=1e-4)


def test_entries_of_edges_that_leave_the_image_do_not_count():
    unary, weights = random_problem(11, (1, 3, 8, 9), EIGHT)
    assert np.isnan(weights).sum() == 8 + 9 + 2 * (8 + 9 - 1)
    solution = theano_crf.dual_mm(unary, weights, 3, neighbours=EIGHT)
    expected = theano_crf.dual_mm(unary, np.nan_to_num(weights), 3, neighbours=EIGHT)
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


@pytest.mark.parametrize("decode", ["viterbi", "icm"])
def test_other_decodings_fall_back_to_the_cpu(decode):
    unary, weights = random_problem(17, (1, 3, 12, 15), EIGHT, strength=1.5)
    solution = theano_crf.dual_mm(unary, weights, 2, decode, neighbours=EIGHT)
    expected, bound, _ = on_cpu(DualMM(decode, EIGHT), T.ftensor4, T.ftensor4, T.lscalar, T.dscalar)(
        unary, weights, 2, -np.inf)
    assert (solution.labels == expected).all() and solution.lower_bound == bound
    assert solution.energy[0] == pytest.approx(
        twins.energy(unary[0], weights[0], solution.labels[0], EIGHT))
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
