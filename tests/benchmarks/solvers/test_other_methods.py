"""Alpha expansion against brute force, and mean field on an image with an edge."""

import numpy as np
import pytest

import theano_crf
from benchmarks.solvers.other_methods import UNTIL_CONVERGENCE, AlphaExpansion, mean_field
from tests.theano_crf import twins


@pytest.mark.parametrize("seed", range(5))
def test_expansion_with_two_labels_is_a_minimum_cut(seed):
    unary, weights = twins.random_problem(seed, 1, 2, 3, 4)
    labels = AlphaExpansion(unary, weights).expand(UNTIL_CONVERGENCE)
    optimum = twins.least_energy(unary[0], weights[0])
    assert twins.energy(unary[0], weights[0], labels) == pytest.approx(optimum, abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_expansion_begins_with_the_labels_of_least_cost_and_improves_on_them(seed):
    unary, weights = twins.random_problem(seed, 1, 3, 3, 4, strength=1.5)
    expansion = AlphaExpansion(unary, weights)
    assert (expansion.labels() == unary[0].argmin(axis=0)).all()
    energy = twins.energy(unary[0], weights[0], expansion.expand(UNTIL_CONVERGENCE))
    optimum = twins.least_energy(unary[0], weights[0])
    assert optimum - 1e-4 <= energy < twins.energy(unary[0], weights[0], unary[0].argmin(axis=0))
    assert energy <= optimum + 1.5  # far less than the theory's factor of two


@pytest.mark.parametrize("seed", range(3))
def test_expansion_minds_every_neighbour(seed):
    generator = np.random.default_rng(seed)
    neighbours = ((0, 1), (1, -1), (1, 1), (0, 2), (2, 0))
    unary = generator.normal(size=(1, 2, 3, 4)).astype(np.float32)
    weights = generator.random((1, 5, 3, 4)).astype(np.float32)
    labels = AlphaExpansion(unary, weights, neighbours).expand(UNTIL_CONVERGENCE)
    energies = theano_crf.energy(np.repeat(unary, 4096, 0), np.repeat(weights, 4096, 0),
                                 twins.all_labellings(2, 3, 4), neighbours)
    energy = theano_crf.energy(unary, weights, labels[None], neighbours)
    assert energy[0] == pytest.approx(energies.min(), abs=1e-4)


def test_mean_field_smooths_away_a_lone_pixel_but_keeps_an_edge_of_the_image():
    image = np.zeros((12, 16, 3), np.uint8)
    image[:, 8:] = 255
    probability = np.full((2, 12, 16), 0.2, np.float32)
    probability[0, :, :8] = probability[1, :, 8:] = 0.8
    probability[:, 5, 3] = 0.4, 0.6
    labels = mean_field(image, -np.log(probability)[None], 5)
    assert (labels == (np.arange(16) >= 8)).all()
