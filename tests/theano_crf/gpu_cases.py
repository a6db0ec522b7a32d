"""The GPU's Ops against the CPU's and against brute force. Theano's device must be a GPU, as test_gpu.py starts it."""
import numpy as np
import pytest
import theano
import theano.tensor as T
from theano.gpuarray.basic_ops import GpuFromHost, HostFromGpu
from theano.gpuarray.type import get_context

import theano_crf
from theano_crf import graph, instruction_sets
from theano_crf.defaults import NEIGHBOURS
from theano_crf.gpu.device import allocate
from theano_crf.gpu.kernels import Teams
from theano_crf.gpu.ops import GpuCompletion, GpuDualMM, GpuEnergy, GpuHalfStep, GpuStructuredLoss
from theano_crf.ops import Completion, DualMM, NativeOp, StructuredLoss
from theano_crf.theano_functions import theano_function, theano_function_for

from . import twins

VOID = 255
ON_CPU = theano.compile.get_default_mode().excluding("gpuarray_opt")
# The numbers of labels are shared by 1, 2, 4, 8, 16 and 32 threads. Chains have one segment, a few and many; bundles of
# chains are full and partial.
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 17), (2, 4, 19, 1), (1, 2, 2, 2), (3, 3, 7, 16), (1, 3, 33, 65), (1, 2, 3, 700),
          (1, 2, 1030, 5), (2, 7, 40, 70), (1, 19, 90, 131), (2, 19, 31, 8), (1, 40, 37, 50), (1, 100, 9, 33),
          (2, 255, 5, 18)]


def on_cpu(name, decode=None):
    """The function behind a NumPy function of theano_crf, on the CPU."""
    key = name, decode
    if key not in on_cpu.functions:
        with theano.configparser.change_flags(mode=ON_CPU):
            on_cpu.functions[key] = theano_function_for.__wrapped__(
                instruction_sets.chosen(), *key, NEIGHBOURS, False, 0, False)
    return on_cpu.functions[key]


on_cpu.functions = {}


@pytest.fixture(scope="module")
def half_steps():
    """Half steps on the GPU and on the CPU, over rows and columns."""
    variables = [T.ftensor4(), T.ftensor4(), T.ftensor4()]
    return [[theano.function(variables, graph.half_step(*variables, direction), mode=mode)
             for direction in (graph.ROWS, graph.COLUMNS)] for mode in (None, ON_CPU)]


@pytest.fixture(scope="module")
def completion_on_cpu():
    """The completed truth for given loss-augmented labels, by two iterations."""
    variables = [T.ftensor4(), T.ftensor4(), T.itensor3(), T.itensor3()]
    return theano.function(variables, Completion()(*variables, 2, VOID)[0], mode=ON_CPU)


@pytest.fixture(scope="module")
def loss_on_cpu():
    """The structured loss of given labels, with a margin of 0.4."""
    variables = [T.ftensor4(), T.ftensor4(), T.itensor3(), T.itensor3(), T.itensor3()]
    return theano.function(variables, StructuredLoss()(*variables, np.float32(0.4), VOID), mode=ON_CPU)


def ops_of(function):
    return [node.op for node in function.maker.fgraph.toposort()]


def clear_labels(half_step, unary, weights, iterations):
    """The CPU's labels after so many iterations, and a mask of the pixels where rounding cannot change them."""
    withheld = np.zeros_like(unary)
    for step in range(2 * iterations):
        before, (withheld, _) = withheld, half_step[step % 2](unary, weights, withheld)
    minorant = np.sort(unary - before - withheld, axis=1)
    return (unary - before - withheld).argmin(axis=1), minorant[:, 1] - minorant[:, 0] > 1e-3


def random_truth(seed, unary):
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, unary.shape[1], unary[:, 0].shape).astype(np.int32)
    truth[generator.random(truth.shape) < 0.2] = VOID
    return truth


@pytest.mark.parametrize("name, op", [("dual_mm", GpuDualMM), ("ssvm", GpuStructuredLoss),
                                      ("ssvm", GpuCompletion), ("energy", GpuEnergy)])
def test_everything_runs_on_the_device(name, op):
    decode = None if name == "energy" else "argmin"
    ops = ops_of(theano_function(name, decode))
    assert any(isinstance(one, op) for one in ops)
    assert not any(isinstance(one, NativeOp) for one in ops)
    assert any(isinstance(one, NativeOp) for one in ops_of(on_cpu(name, decode)))


def test_arrays_stay_on_the_device_between_half_steps():
    unary, weights = T.ftensor4(), T.ftensor4()
    withheld = T.zeros_like(unary)
    for direction in (0, 1, 0):
        withheld, bound = graph.half_step(unary, weights, withheld, direction)
    ops = ops_of(theano.function([unary, weights], bound))
    assert sum(isinstance(one, HostFromGpu) for one in ops) == 1
    assert sum(isinstance(one, GpuFromHost) for one in ops) == 2
    steps = [one for one in ops if isinstance(one, GpuHalfStep)]
    assert len(steps) == 3 and all(one.inplace for one in steps)


def far_reaching(unary, weights):
    """Weights so large that a node's cost matters along its whole chain, and with it each message."""
    return weights + np.float32(2 * np.abs(unary).max() * max(unary.shape[2:]))


@pytest.mark.parametrize("reach", ["near", "far"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_half_steps_are_the_cpus(half_steps, shape, reach):
    unary, weights = twins.random_problem(1, *shape)
    withheld = 0.3 * twins.random_problem(2, *shape)[0]
    if reach == "far":
        weights = far_reaching(unary, weights)
    for direction in (0, 1):
        on_gpu, expected = (steps[direction](unary, weights, withheld) for steps in half_steps)
        np.testing.assert_allclose(on_gpu[0], expected[0], atol=1e-6 * (1 + np.abs(expected[0]).max()) * max(shape))
        np.testing.assert_allclose(on_gpu[1], expected[1], rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_dual_mm_is_the_cpus(half_steps, shape):
    unary, weights = twins.random_problem(3, *shape)
    solution = theano_crf.dual_mm(unary, weights, iterations=3)
    labels, clear = clear_labels(half_steps[1], unary, weights, 3)
    assert (solution.labels == labels)[clear].all() and clear.mean() > 0.9
    _, bound, *_ = on_cpu("dual_mm", "argmin")(unary, weights, 3, -np.inf)
    np.testing.assert_allclose(solution.lower_bound, bound, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(solution.energy, on_cpu("energy")(unary, weights, solution.labels), rtol=1e-12)


@pytest.mark.parametrize("shape", SHAPES[2:], ids=str)
def test_ssvm_is_the_cpus(half_steps, completion_on_cpu, loss_on_cpu, shape):
    unary, weights = twins.random_problem(4, *shape)
    truth = random_truth(4, unary)
    structured = theano_crf.ssvm(unary, weights, truth, gamma=0.4, iterations=2)
    augmented = unary - 0.4 * ((np.arange(shape[1])[:, None, None] != truth[:, None]) & (truth != VOID)[:, None])
    labels, clear = clear_labels(half_steps[1], augmented.astype(np.float32), weights, 2)
    assert (structured.labels == labels)[clear].all() and clear.mean() > 0.9
    completed = twins.completed_truth(structured).astype(np.int32)
    expected = completion_on_cpu(unary, weights, truth, structured.labels)
    assert (completed == truth)[truth != VOID].all() and (completed == expected).mean() > 0.98
    np.testing.assert_allclose(on_cpu("energy")(unary, weights, completed), on_cpu("energy")(unary, weights, expected),
                               rtol=1e-3, atol=1e-3)
    expected = loss_on_cpu(unary, weights, truth, completed, structured.labels)
    np.testing.assert_allclose(structured.loss, expected[0], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(structured.grad_unary, expected[1])
    np.testing.assert_array_equal(structured.grad_weights, expected[2])


@pytest.mark.parametrize("seed", range(6))
def test_brute_force(seed):
    shape = [(1, 2, 3, 4), (1, 3, 3, 3)][seed % 2]
    unary, weights = twins.random_problem(seed, *shape, strength=0.2 + seed % 4)
    optimum = twins.least_energy(unary[0], weights[0])
    for iterations in (1, 15):
        solution = theano_crf.dual_mm(unary, weights, iterations)
        assert solution.lower_bound[0] <= optimum + 1e-5 and solution.energy[0] >= optimum - 1e-5
        assert solution.energy[0] == pytest.approx(twins.energy(unary[0], weights[0], solution.labels[0]))


@pytest.mark.parametrize("height, width", [(1, 2), (1, 9), (8, 1)])
def test_a_single_chain_is_solved_exactly(height, width):
    unary, weights = twins.random_problem(5, 1, 3, height, width)
    solution = theano_crf.dual_mm(unary, weights, iterations=1)
    assert solution.lower_bound[0] == pytest.approx(twins.least_energy(unary[0], weights[0]), abs=1e-5)
    assert solution.energy[0] == pytest.approx(solution.lower_bound[0], abs=1e-5)


def test_the_bound_of_loss_augmented_inference_counts_the_margin():
    unary, weights = twins.random_problem(6, 2, 4, 9, 21)
    truth = random_truth(6, unary)
    margin = 0.4 * ((np.arange(4)[:, None, None] != truth[:, None]) & (truth != VOID)[:, None])
    inputs = T.ftensor4(), T.ftensor4(), T.itensor3()
    solve = theano.function(inputs, DualMM()(*inputs[:2], 15, -np.inf, inputs[2], np.float32(0.4), VOID)[1])
    expected = theano_crf.dual_mm(unary - margin, weights).lower_bound
    assert solve(unary, weights, truth) == pytest.approx(expected, abs=1e-4)
    assert solve(unary, weights, truth[:0, :0, :0]) == pytest.approx(theano_crf.dual_mm(unary, weights).lower_bound)


def test_tolerance_ends_images_one_by_one():
    unary, weights = twins.random_problem(7, 3, 3, 30, 40, strength=2.0)
    weights[1] = 0
    weights[2] *= 0.2
    for tolerance in (1e-4, 1e-2):
        solution = theano_crf.dual_mm(unary, weights, 15, tolerance=tolerance)
        _, bound, *_ = on_cpu("dual_mm", "argmin")(unary, weights, 15, tolerance)
        np.testing.assert_allclose(solution.lower_bound, bound, rtol=1e-6)
        for n in range(3):
            alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1], 15, tolerance=tolerance)
            assert alone.lower_bound[0] == solution.lower_bound[n] and (alone.labels[0] == solution.labels[n]).all()


@pytest.mark.parametrize("decode", ["viterbi", "icm"])
def test_other_decodings_fall_back_to_the_cpu(decode):
    unary, weights = twins.random_problem(8, 1, 3, 20, 30, strength=1.5)
    solution = theano_crf.dual_mm(unary, weights, 2, decode)
    labels, bound, energy, _ = on_cpu("dual_mm", decode)(unary, weights, 2, -np.inf)
    assert (solution.labels == labels).all() and solution.lower_bound == bound
    assert solution.energy == pytest.approx(energy)
    assert solution.energy < theano_crf.dual_mm(unary, weights, 2).energy


def test_views_of_the_device_and_of_the_host():
    unary, weights = twins.random_problem(9, 2, 3, 30, 40)
    views = unary[:, :, 3:-2, 4:-5], weights[:, :, 3:-2, 4:-5]
    expected = theano_crf.dual_mm(*[np.ascontiguousarray(view) for view in views])
    for arrays in (views, [np.asfortranarray(view) for view in views]):
        solution = theano_crf.dual_mm(*arrays)
        assert (solution.labels == expected.labels).all() and (solution.lower_bound == expected.lower_bound).all()
    variables = [T.ftensor4(), T.ftensor4()]
    turned = graph.dual_mm(*[variable.dimshuffle(0, 1, 3, 2)[:, :, 3:-2, 4:-5] for variable in variables])
    labels, bound = theano.function(variables, [turned.labels, turned.lower_bound])(
        unary.swapaxes(2, 3), weights.swapaxes(2, 3))
    assert (labels == expected.labels).all() and (bound == expected.lower_bound).all()


def test_contrast_weights_stay_on_the_device():
    ops = ops_of(theano_function("contrast_weights"))
    assert sum(isinstance(one, HostFromGpu) for one in ops) == 1
    image = np.random.default_rng(10).random((2, 3, 5, 6)).astype(np.float32)
    for one, weights in zip(image, theano_crf.contrast_weights(image, 3.0, 0.8, 2.0)):
        np.testing.assert_allclose(weights, twins.contrast_weights(one, 3.0, 0.8, 2.0), rtol=1e-4)


def test_extreme_weights():
    unary, _ = twins.random_problem(11, 1, 255, 5, 18)
    for weight in (0.0, 1e-30, 1e10, 1e30):
        solution = theano_crf.dual_mm(unary, np.full((1, 2, 5, 18), weight, np.float32), 30)
        if weight < 1:
            assert (solution.labels == unary.argmin(1)).all()
        else:
            best = unary.astype(np.float64).sum((2, 3)).min()
            assert solution.lower_bound[0] == pytest.approx(best, abs=1e-2)


@pytest.mark.parametrize("labels", range(2, 256))
def test_teams_fit_any_number_of_labels(labels):
    teams = Teams(labels)
    assert teams.groups * teams.held >= labels > (teams.held - 1) * teams.groups
    threads = teams.slots * teams.groups * teams.lanes
    assert threads <= 256 and threads % 32 == 0 and threads % teams.tile == 0 and threads & (threads - 1) == 0
    assert teams.tile >= 4  # less, and a cut would lie at the end where the messages start


def test_no_room_on_the_device():
    with pytest.raises(MemoryError, match="the GPU has no room for 4000000 MB more"):
        allocate(get_context(None), "float32", 10 ** 12)


def test_more_labels_than_are_allowed():
    with pytest.raises(ValueError, match="unary has K = 256 labels; on a GPU K must be at most 255"):
        unary, weights = T.ftensor4(), T.ftensor4()
        theano.function([unary, weights], graph.dual_mm(unary, weights).labels)(
            np.zeros((1, 256, 2, 2), np.float32), np.zeros((1, 2, 2, 2), np.float32))
