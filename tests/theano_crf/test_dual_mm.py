"""DualMM against brute force, against its plain NumPy twin, and the properties that its proof promises."""
import ctypes
import functools

import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf
from theano_crf import graph, instruction_sets
from theano_crf.ops import HalfStep

from . import twins

# Sizes around the 4, 8 and 16 lanes of a vector, so that full and partial blocks of chains both occur.
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 17), (2, 4, 19, 1), (1, 5, 2, 2), (3, 3, 7, 16), (1, 4, 16, 33),
          (2, 2, 35, 9)]


@functools.lru_cache(maxsize=None)
def half_steps_for(instructions):
    """Half steps over the rows and the columns as NumPy functions, for the instruction set that is chosen now."""
    unary, weights, withheld = T.ftensor4(), T.ftensor4(), T.ftensor4()
    return [theano.function([unary, weights, withheld], graph.half_step(unary, weights, withheld, direction))
            for direction in (graph.ROWS, graph.COLUMNS)]


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def instructions(request, monkeypatch):
    monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", request.param)


@pytest.fixture
def half_step():
    return half_steps_for(instruction_sets.chosen())


@pytest.mark.parametrize("seed", range(12))
def test_brute_force_on_tiny_grids(seed):
    shape = [(1, 2, 3, 4), (1, 3, 3, 3), (1, 4, 2, 4)][seed % 3]
    unary, weights = twins.random_problem(seed, *shape, strength=0.2 + seed % 4)
    optimum = twins.least_energy(unary[0], weights[0])
    for iterations in (1, 15):
        solution = theano_crf.dual_mm(unary, weights, iterations)
        assert solution.lower_bound[0] <= optimum + 1e-5
        assert solution.energy[0] >= optimum - 1e-5
        assert solution.energy[0] == pytest.approx(twins.energy(unary[0], weights[0], solution.labels[0]))


@pytest.mark.parametrize("height, width", [(1, 1), (1, 2), (1, 7), (7, 1), (5, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_a_single_chain_is_solved_exactly(height, width, seed):
    unary, weights = twins.random_problem(seed, 1, 3, height, width)
    optimum = twins.least_energy(unary[0], weights[0])
    solution = theano_crf.dual_mm(unary, weights, iterations=1)
    assert solution.lower_bound[0] == pytest.approx(optimum, abs=1e-5)
    assert solution.energy[0] == pytest.approx(optimum, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_same_as_the_twin(shape, instructions):
    unary, weights = twins.random_problem(5, *shape)
    solution = theano_crf.dual_mm(unary, weights, iterations=3)
    assert solution.labels.dtype == np.int32
    for n in range(shape[0]):
        labels, bounds = twins.dual_mm(unary[n], weights[n], iterations=3)
        assert solution.lower_bound[n] == pytest.approx(bounds[-1], abs=1e-4)
        assert np.mean(solution.labels[n] == labels) > 0.98  # but for ties within rounding


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("direction", [0, 1])
def test_minorants_are_the_twins_up_to_a_constant_per_pixel(instructions, half_step, shape, direction):
    unary, weights = twins.random_problem(6, *shape)
    withheld, bound = half_step[direction](unary, weights, np.zeros_like(unary))
    minorants = unary - withheld
    for n in range(shape[0]):
        expected = twins.grid_minorant(unary[n], weights[n], direction)
        np.testing.assert_allclose(minorants[n] - minorants[n].min(axis=0), expected - expected.min(axis=0),
                                   atol=1e-4)
        assert bound[n] == pytest.approx(expected.min(axis=0).sum(), abs=1e-4)


@pytest.mark.parametrize("direction", [0, 1])
def test_minorants_stay_below_the_chain_energies(half_step, direction):
    unary, weights = twins.random_problem(7, 1, 4, 6, 18)
    withheld, _ = half_step[direction](unary, weights, np.zeros_like(unary))
    minorant = (unary - withheld).astype(np.float64)
    weights[:, 1 - direction] = 0
    generator = np.random.default_rng(8)
    for _ in range(200):
        labels = generator.integers(0, 4, (1, 6, 18))
        if generator.random() < 0.5:
            labels = labels[:, :1, :1].repeat(6, 1).repeat(18, 2)
        total = np.take_along_axis(minorant, labels[:, None], 1).sum()
        assert total <= theano_crf.energy(unary, weights, labels)[0] + 1e-4


def test_the_bound_never_falls(half_step):
    unary, weights = twins.random_problem(9, 2, 5, 20, 31)
    withheld, before = np.zeros_like(unary), np.full(2, -np.inf)
    for step in range(30):
        withheld, bound = half_step[step % 2](unary, weights, withheld)
        assert (bound >= before - 1e-4).all()
        before = bound
    assert before == pytest.approx(theano_crf.dual_mm(unary, weights, 15).lower_bound, abs=1e-3)


def test_the_bound_is_below_any_labellings_energy():
    unary, weights = twins.random_problem(10, 1, 3, 12, 20)
    bound = theano_crf.dual_mm(unary, weights).lower_bound
    generator = np.random.default_rng(11)
    for labels in [unary.argmin(1)] + [generator.integers(0, 3, (1, 12, 20)) for _ in range(50)]:
        assert theano_crf.energy(unary, weights, labels) >= bound


def test_half_steps_in_one_graph_are_the_solver():
    unary, weights = T.ftensor4(), T.ftensor4()
    withheld = T.zeros_like(unary)
    for step in range(6):
        withheld, bound = graph.half_step(unary, weights, withheld, step % 2)
    chained = theano.function([unary, weights], bound)
    ops = [node.op for node in chained.maker.fgraph.apply_nodes if isinstance(node.op, HalfStep)]
    assert len(ops) == 6 and all(op.inplace for op in ops), "the withheld volume is copied"
    problem = twins.random_problem(12, 2, 4, 18, 10)
    copies = [array.copy() for array in problem]
    expected = theano_crf.dual_mm(*problem, iterations=3).lower_bound
    assert chained(*problem) == pytest.approx(expected, abs=1e-4)
    assert all((array == copy).all() for array, copy in zip(problem, copies))


def test_images_of_a_batch_are_independent():
    unary, weights = twins.random_problem(13, 5, 4, 21, 18)
    together = theano_crf.dual_mm(unary, weights, tolerance=1e-3)
    for n in range(5):
        alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1], tolerance=1e-3)
        assert (alone.labels[0] == together.labels[n]).all()
        assert alone.lower_bound[0] == together.lower_bound[n] and alone.energy[0] == together.energy[n]


def test_any_number_of_threads_gives_the_same():
    unary, weights = twins.random_problem(14, 2, 6, 50, 70)
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    try:
        results = []
        for threads in (1, 2, 4):
            openmp.omp_set_num_threads(threads)
            solution = theano_crf.dual_mm(unary, weights)
            loss = theano_crf.ssvm(unary, weights, solution.labels)
            results.append([array.tobytes() for array in tuple(solution) + tuple(loss)])
    finally:
        openmp.omp_set_num_threads(before)
    assert results[0] == results[1] == results[2]


def test_instruction_sets_give_the_same_labels(monkeypatch):
    unary, weights = twins.random_problem(15, 1, 7, 37, 50)
    labellings = []
    for name in ("baseline", "avx2", "avx512"):
        monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", name)
        labellings.append(theano_crf.dual_mm(unary, weights).labels)
    assert (labellings[0] == labellings[1]).all() and (labellings[0] == labellings[2]).all()


def test_views_are_read_as_they_are():
    unary, weights = twins.random_problem(16, 2, 6, 30, 40)
    views = unary[:, 1:5, 3:-2, 4:-5], weights[:, :, 3:-2, 4:-5]
    backwards = unary[:, ::-1, ::-1, ::-1][:, 1:5, 2:-3, 5:-4][:, ::-1, ::-1, ::-1]
    expected = theano_crf.dual_mm(*[np.ascontiguousarray(view) for view in views])
    for solution in (theano_crf.dual_mm(*views), theano_crf.dual_mm(backwards, views[1]),
                     theano_crf.dual_mm(np.asfortranarray(views[0]), np.asfortranarray(views[1]))):
        assert (solution.labels == expected.labels).all()
        assert solution.lower_bound == pytest.approx(expected.lower_bound)


def test_tolerance_stops_early_but_not_before_the_bound_settles():
    unary, weights = twins.random_problem(17, 1, 5, 40, 40, strength=2.0)
    full = theano_crf.dual_mm(unary, weights, iterations=100)
    stopped = theano_crf.dual_mm(unary, weights, iterations=100, tolerance=1e-3)
    one = theano_crf.dual_mm(unary, weights, iterations=1)
    assert one.lower_bound < stopped.lower_bound < full.lower_bound
    assert full.lower_bound - stopped.lower_bound < 100 * 1e-3 * 1600
    never = theano_crf.dual_mm(unary, weights, iterations=7, tolerance=0)
    assert never.lower_bound == theano_crf.dual_mm(unary, weights, iterations=7).lower_bound


def test_most_labels_and_extreme_weights():
    unary, _ = twins.random_problem(18, 1, 255, 5, 18)
    for weight in (0.0, 1e-42, 1e-30, 1e10, 1e30):
        weights = np.full((1, 2, 5, 18), weight, np.float32)
        solution = theano_crf.dual_mm(unary, weights, 30)
        if weight < 1:
            assert (solution.labels == unary.argmin(1)).all()
        else:  # one label for all
            best = unary.astype(np.float64).sum((2, 3)).min()
            assert solution.lower_bound[0] == pytest.approx(best, abs=1e-2)
