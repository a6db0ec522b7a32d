"""TRW-S against brute force on tiny grids, and on problems whose solution is known."""

import itertools

import numpy as np
import pytest

from benchmarks.solvers.trws import TRWS
from tests.theano_crf import twins
from theano_crf.defaults import NEIGHBOURS as FOUR

EIGHT = FOUR + ((1, 1), (1, -1))
MANY = EIGHT + ((0, 2), (2, -1), (0, 1))  # one offset stands twice


def random_problem(seed, labels, height, width, neighbours, general):
    """Costs, weights of which about a tenth are zero, and for general costs a directed compatibility a neighbour."""
    generator = np.random.default_rng(seed)
    unary = generator.normal(size=(1, labels, height, width)).astype(np.float32)
    weights = generator.random((1, len(neighbours), height, width)).astype(np.float32)
    weights[generator.random(weights.shape) < 0.1] = 0
    compatibility = 2 * generator.random((len(neighbours), labels, labels)) if general else None
    return unary, weights, compatibility


def energies(unary, weights, neighbours, compatibility, labellings):
    """Energies of labellings (M, H, W), edge by edge."""
    _, labels, height, width = unary.shape
    tables = np.broadcast_to(1 - np.eye(labels) if compatibility is None else compatibility,
                             (len(neighbours), labels, labels))
    total = np.zeros(len(labellings))
    for y, x in itertools.product(range(height), range(width)):
        total += unary[0, labellings[:, y, x], y, x].astype(np.float64)
        for direction, (dy, dx) in enumerate(neighbours):
            if y + dy < height and 0 <= x + dx < width:
                total += float(weights[0, direction, y, x]) * tables[direction, labellings[:, y, x],
                                                                     labellings[:, y + dy, x + dx]]
    return total


@pytest.mark.parametrize("general", [False, True], ids=["Potts", "general"])
@pytest.mark.parametrize("neighbours", [FOUR, EIGHT, MANY], ids=["4", "8", "many"])
@pytest.mark.parametrize("labels, height, width", [(2, 3, 4), (3, 3, 3), (5, 2, 3), (2, 1, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_lies_between_bound_and_energy(labels, height, width, neighbours, general, seed):
    unary, weights, compatibility = random_problem(seed, labels, height, width, neighbours, general)
    least = energies(unary, weights, neighbours, compatibility, twins.all_labellings(labels, height, width)).min()
    solver = TRWS(unary, weights, neighbours, compatibility)
    before = -np.inf
    for _ in range(30):
        bound = solver.iterate(1)
        energy = energies(unary, weights, neighbours, compatibility, solver.labels()[None])[0]
        assert before - 1e-5 <= bound <= least + 1e-5 <= energy + 2e-5
        before = bound
    assert bound == solver.lower_bound >= least - 0.5  # the relaxation's own gap, where there are circles


@pytest.mark.parametrize("general", [False, True], ids=["Potts", "general"])
@pytest.mark.parametrize("height, width, neighbours", [(1, 9, ((0, 1),)), (9, 1, ((1, 0),)), (3, 3, ((1, 1),))])
def test_chains_are_solved_in_one_iteration(height, width, neighbours, general):
    unary, weights, compatibility = random_problem(1, 3, height, width, neighbours, general)
    labellings = twins.all_labellings(3, height, width)
    least = energies(unary, weights, neighbours, compatibility, labellings).min()
    solver = TRWS(unary, weights, neighbours, compatibility)
    assert solver.iterate(1) == pytest.approx(least, abs=1e-5)
    energy = energies(unary, weights, neighbours, compatibility, solver.labels()[None])
    assert energy == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize("general", [False, True], ids=["Potts", "general"])
def test_a_tree_is_solved(general):
    unary, weights, compatibility = random_problem(2, 3, 3, 3, FOUR, general)
    weights[0, 0, 1:] = 0  # a comb: the first row with its columns
    least = energies(unary, weights, FOUR, compatibility, twins.all_labellings(3, 3, 3)).min()
    solver = TRWS(unary, weights, FOUR, compatibility)
    assert solver.iterate(100) == pytest.approx(least, abs=1e-5)
    energy = energies(unary, weights, FOUR, compatibility, solver.labels()[None])
    assert energy == pytest.approx(least, abs=1e-5)


@pytest.mark.parametrize("labels", [2, 4, 5, 8, 16, 19, 30])
def test_potts_as_a_table_is_potts(labels):
    unary, weights, _ = random_problem(3, labels, 8, 9, EIGHT, False)
    potts, table = TRWS(unary, weights, EIGHT), TRWS(unary, weights, EIGHT, 1 - np.eye(labels))
    assert potts.iterate(5) == pytest.approx(table.iterate(5), abs=1e-4)
    assert (potts.labels() == table.labels()).all()


def test_it_goes_on_where_it_stopped():
    unary, weights, _ = random_problem(4, 3, 7, 6, FOUR, False)
    once, twice = TRWS(unary, weights), TRWS(unary, weights)
    assert once.lower_bound == -np.inf
    twice.iterate(2)
    assert once.iterate(5) == twice.iterate(3) and (once.labels() == twice.labels()).all()


def test_a_problem_of_two_labels_without_frustration_is_solved():
    unary, weights, _ = random_problem(5, 2, 30, 41, EIGHT, False)
    solver = TRWS(unary, weights, EIGHT)
    bound = solver.iterate(400)
    energy = energies(unary, weights, EIGHT, None, solver.labels()[None])[0]
    assert energy == pytest.approx(bound, abs=1e-2)


@pytest.mark.parametrize("offset", [(0, 0), (0, -1), (-1, 2)])
def test_an_offset_to_an_earlier_pixel_is_refused(offset):
    with pytest.raises(ValueError, match="each must have dy > 0"):
        TRWS(np.zeros((1, 2, 3, 4), np.float32), np.zeros((1, 2, 3, 4), np.float32), ((0, 1), offset))


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"weights are \(1, 2, 3, 5\); they must be \(1, 2, 3, 4\)"):
        TRWS(np.zeros((1, 2, 3, 4), np.float32), np.zeros((1, 2, 3, 5), np.float32))
