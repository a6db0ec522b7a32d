"""DualMM on any neighbourhood with any compatibility: against brute force, its twin and what its proof promises."""
import ctypes

import numpy as np
import pytest

import theano_crf

from . import general_twins, twins
from .general_twins import KINDS, random_compatibility, random_problem

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
# Beside usual neighbourhoods: far, oblique and repeated offsets, and some that fit into no small image.
NEIGHBOURHOODS = [EIGHT, ((1, 0), (0, 1)), ((0, 1), (1, 0), (0, 4), (4, 0)), ((2, -3), (0, 2)),
                  ((1, 0), (1, 0), (0, 1)), ((3, 1), (1, -2), (0, 3)), ((40, 1), (0, 50), (1, 60), (0, 1))]
SHAPES = [(1, 2, 1, 1), (1, 3, 1, 37), (2, 4, 19, 1), (2, 3, 7, 16), (1, 4, 18, 33), (1, 11, 9, 6), (1, 19, 5, 21)]


@pytest.fixture(params=["baseline", "avx2", "avx512"])
def instructions(request, monkeypatch):
    monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", request.param)


def slack(unary, compatibility=None):
    """The largest sum of errors that rounding to single precision may cause: a share of the largest cost per pixel."""
    largest = 1.0 if compatibility is None else compatibility.max()
    return (1e-5 * (np.abs(unary).max() + 1) + 5e-7 * largest) * unary[0, 0].size


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS, ids=str)
def test_brute_force_on_tiny_grids(neighbours, kind):
    for seed, shape in enumerate([(1, 2, 3, 4), (1, 3, 3, 3), (1, 4, 2, 4)]):
        unary, weights = random_problem(seed, shape, neighbours, strength=0.2 + seed)
        mu = random_compatibility(seed, kind, shape[1], len(neighbours))
        optimum = twins.least_energy(unary[0], weights[0], neighbours, mu)
        for iterations, decode in ((1, "argmin"), (15, "argmin"), (1, "viterbi"), (2, "icm")):
            solution = theano_crf.dual_mm(unary, weights, iterations, decode, neighbours=neighbours, compatibility=mu)
            assert solution.lower_bound[0] <= optimum + slack(unary, mu)
            expected = twins.energy(unary[0], weights[0], solution.labels[0], neighbours, mu)
            assert solution.energy[0] == pytest.approx(expected, rel=1e-6)
            assert solution.energy[0] >= optimum - slack(unary, mu)


@pytest.mark.parametrize("decode", ["argmin", "viterbi", "icm"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [(0, 1), (1, 0), (1, 1), (2, -1), (0, 2), (3, 0)], ids=str)
def test_the_chains_of_one_offset_are_solved_exactly(offset, kind, decode):
    unary, weights = random_problem(3, (1, 3, 3, 4), [offset])
    mu = random_compatibility(4, kind, 3, 1)
    optimum = twins.least_energy(unary[0], weights[0], [offset], mu)
    solution = theano_crf.dual_mm(unary, weights, 1, decode, neighbours=[offset], compatibility=mu)
    assert solution.lower_bound[0] == pytest.approx(optimum, abs=slack(unary, mu))
    assert solution.energy[0] == pytest.approx(optimum, abs=slack(unary, mu))


@pytest.mark.parametrize("kind", ["potts", "directed", "rewards"])
def test_a_tree_is_solved_exactly(kind):
    """A row whose every pixel has a column of its own below: no circle, though there are two directions."""
    neighbours = ((1, 0), (0, 1))
    unary, weights = random_problem(5, (1, 2, 3, 4), neighbours, strength=2.0)
    weights[0, 1, 1:] = 0  # only the first row has edges to the right
    mu = random_compatibility(6, kind, 2, 2)
    optimum = twins.least_energy(unary[0], weights[0], neighbours, mu)
    solution = theano_crf.dual_mm(unary, weights, 60, neighbours=neighbours, compatibility=mu)
    assert solution.lower_bound[0] == pytest.approx(optimum, abs=1e-3)


@pytest.mark.parametrize("kind", ["potts", "symmetric", "directed"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_as_the_twin(shape, kind, instructions):
    neighbours = NEIGHBOURHOODS[sum(shape) % len(NEIGHBOURHOODS)]
    unary, weights = random_problem(7, shape, neighbours)
    mu = random_compatibility(8, kind, shape[1], len(neighbours))
    solution = theano_crf.dual_mm(unary, weights, 2, neighbours=neighbours, compatibility=mu)
    for n in range(shape[0]):
        labels, bounds = general_twins.dual_mm(unary[n], weights[n], 2, neighbours, mu)
        assert solution.lower_bound[n] == pytest.approx(bounds[-1], abs=1e-4)
        assert np.mean(solution.labels[n] == labels) > 0.98  # but for ties within rounding


@pytest.mark.parametrize("kind", ["potts", "directed"])
@pytest.mark.parametrize("apart", [2, 4, 8, 16])
@pytest.mark.parametrize("height, width", [(1, 16), (7, 48), (19, 80), (5, 272)])
def test_rows_of_far_columns_are_the_rows_of_an_image_of_them(height, width, apart, kind, instructions):
    """An image of each `apart`-th column above the others has the same chains, with neighbours so much nearer."""
    far = ((0, apart), (0, 3 * apart), (0, apart))
    near = ((0, 1), (0, 3), (0, 1))
    unary, weights = random_problem(width, (2, 3, height, width), far)
    mu = random_compatibility(5, kind, 3, len(far))

    def taken_apart(array):
        return np.concatenate([array[..., first::apart] for first in range(apart)], axis=-2)

    solution = theano_crf.dual_mm(unary, weights, 3, neighbours=far, compatibility=mu)
    expected = theano_crf.dual_mm(taken_apart(unary), taken_apart(weights), 3, neighbours=near, compatibility=mu)
    assert np.array_equal(taken_apart(solution.labels), expected.labels)
    np.testing.assert_allclose(solution.lower_bound, expected.lower_bound, rtol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_never_falls_and_is_below_every_energy(kind):
    unary, weights = random_problem(9, (2, 5, 20, 31), EIGHT)
    mu = random_compatibility(10, kind, 5, 4)
    before = -np.inf
    for iterations in range(1, 12):
        solution = theano_crf.dual_mm(unary, weights, iterations, neighbours=EIGHT, compatibility=mu)
        assert (solution.lower_bound >= before - slack(unary, mu)).all()
        assert (solution.lower_bound <= solution.energy + slack(unary, mu)).all()
        before = solution.lower_bound
    generator = np.random.default_rng(11)
    for labels in [unary.argmin(1)] + [generator.integers(0, 5, (2, 20, 31)) for _ in range(20)]:
        energies = theano_crf.energy(unary, weights, labels, EIGHT, mu)
        assert (before <= energies + slack(unary, mu)).all()


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS[:4], ids=str)
def test_the_compatibility_of_potts_is_potts(neighbours):
    unary, weights = random_problem(12, (2, 4, 21, 30), neighbours)
    potts = theano_crf.dual_mm(unary, weights, neighbours=neighbours)
    matrix = theano_crf.dual_mm(unary, weights, neighbours=neighbours, compatibility=1 - np.eye(4))
    assert matrix.lower_bound == pytest.approx(potts.lower_bound, abs=1e-2)
    assert np.mean(matrix.labels == potts.labels) > 0.99


def test_the_papers_neighbourhood_has_the_papers_bound():
    """The solver for any neighbourhood and that for the paper's take the same steps."""
    unary, weights = twins.random_problem(13, 2, 4, 35, 50)
    papers = theano_crf.dual_mm(unary, weights, 7)
    for mu in (1 - np.eye(4), [1 - np.eye(4)] * 2):
        general = theano_crf.dual_mm(unary, weights, 7, compatibility=mu)
        assert general.lower_bound == pytest.approx(papers.lower_bound, abs=1e-2)
        assert np.mean(general.labels == papers.labels) > 0.99


def test_a_directed_compatibility_is_its_transpose_on_the_mirrored_image():
    unary, weights = random_problem(14, (1, 3, 9, 14), ((0, 1), (2, 0)))
    weights = np.nan_to_num(weights)
    mu = random_compatibility(15, "directed", 3, 2)
    mirrored = np.zeros_like(weights)
    mirrored[:, 0, :, :-1] = weights[:, 0, :, -2::-1]
    mirrored[:, 1] = weights[:, 1, :, ::-1]
    transposed = np.stack([mu[0].T, mu[1]])
    solutions = [theano_crf.dual_mm(*problem, 40, "icm", neighbours=((0, 1), (2, 0)), compatibility=matrices)
                 for problem, matrices in (((unary, weights), mu), ((unary[..., ::-1], mirrored), transposed))]
    assert solutions[0].lower_bound == pytest.approx(solutions[1].lower_bound, abs=0.05)
    labels = solutions[0].labels[..., ::-1]
    flipped = theano_crf.energy(unary[..., ::-1], mirrored, labels, ((0, 1), (2, 0)), transposed)
    assert flipped == pytest.approx(solutions[0].energy)


@pytest.mark.parametrize("kind", ["potts", "directed"])
@pytest.mark.parametrize("decode", ["argmin", "viterbi", "icm"])
def test_threads_and_the_batch_do_not_matter(kind, decode):
    neighbours = EIGHT + ((0, 3), (5, 2))
    unary, weights = random_problem(16, (3, 4, 50, 45), neighbours)
    mu = random_compatibility(17, kind, 4, len(neighbours))
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    try:
        results = []
        for threads in (1, 2, 4):
            openmp.omp_set_num_threads(threads)
            solution = theano_crf.dual_mm(unary, weights, 3, decode, 1e-3, neighbours, mu)
            results.append([array.tobytes() for array in solution])
    finally:
        openmp.omp_set_num_threads(before)
    assert results[0] == results[1] == results[2]
    for n in range(3):
        alone = theano_crf.dual_mm(unary[n:n + 1], weights[n:n + 1], 3, decode, 1e-3, neighbours, mu)
        assert alone.labels[0].tobytes() == solution.labels[n].tobytes()
        assert alone.lower_bound[0] == solution.lower_bound[n]


@pytest.mark.parametrize("kind", ["potts", "directed"])
def test_instruction_sets_give_the_same_labels(kind, monkeypatch):
    unary, weights = random_problem(18, (1, 7, 37, 50), EIGHT)
    mu = random_compatibility(19, kind, 7, 4)
    results = []
    for name in ("baseline", "avx2", "avx512"):
        monkeypatch.setenv("THEANO_CRF_INSTRUCTIONS", name)
        solution = theano_crf.dual_mm(unary, weights, 5, "icm", neighbours=EIGHT, compatibility=mu)
        results.append((solution.labels.tobytes(), solution.energy))
    assert results[0] == results[1] == results[2]


def test_tolerance_ends_an_image_early():
    unary, weights = random_problem(20, (1, 3, 20, 20), EIGHT)
    first, early, all_ = (theano_crf.dual_mm(unary, weights, iterations, tolerance=tolerance, neighbours=EIGHT)
                          for iterations, tolerance in ((1, None), (50, 1e3), (50, 0)))
    second = theano_crf.dual_mm(unary, weights, 2, neighbours=EIGHT)
    assert early.lower_bound == second.lower_bound and (early.labels == second.labels).all()
    assert all_.lower_bound > second.lower_bound > first.lower_bound


def test_views_are_read_as_they_are():
    unary, weights = random_problem(21, (1, 6, 30, 40), EIGHT)
    expected = theano_crf.dual_mm(unary, weights, neighbours=EIGHT)
    backwards = unary[:, ::-1, ::-1].copy()[:, ::-1, ::-1], np.asfortranarray(weights)
    solution = theano_crf.dual_mm(*backwards, neighbours=EIGHT)
    assert (solution.labels == expected.labels).all() and solution.lower_bound == expected.lower_bound


def test_the_made_image_where_sky_below_road_costs_100():
    """A second channel of vertical edges of weight 1, where road (1) above sky (0) costs 100."""
    neighbours = ((0, 1), (1, 0), (1, 0))
    generator = np.random.default_rng(22)
    height, width = 24, 40
    scene = np.where(np.arange(height)[:, np.newaxis] < 12, 0, 1) * np.ones((1, width), int)
    unary = np.where(np.arange(3)[:, np.newaxis, np.newaxis] == scene, -1.0, 0.0)
    unary += generator.normal(0, 0.7, unary.shape)
    unary[0, 15:19, 10:20] -= 2  # a hole of sky in the road
    image = np.repeat(scene[np.newaxis], 3, axis=0)[np.newaxis] * 0.5
    weights = np.concatenate([theano_crf.contrast_weights(image, lam=0.3), np.ones((1, 1, height, width))], axis=1)
    potts, forbidden = 1 - np.eye(3), np.zeros((3, 3))
    forbidden[1, 0] = 100
    arguments = unary[np.newaxis], weights
    without, solution = (
        theano_crf.dual_mm(*arguments, 30, "icm", neighbours=neighbours, compatibility=[potts, potts, mu])
        for mu in (np.zeros((3, 3)), forbidden))

    def pairs(labels):
        return np.count_nonzero((labels[:, :-1] == 1) & (labels[:, 1:] == 0))
    assert pairs(without.labels) > 5 and pairs(solution.labels) == 0
    counted = theano_crf.energy(*arguments, without.labels, neighbours, [potts, potts, forbidden])
    assert counted == pytest.approx(without.energy + 100 * pairs(without.labels))
    assert solution.lower_bound <= solution.energy + 1e-3 and without.energy < solution.energy < counted
    assert solution.lower_bound > without.energy + 1
