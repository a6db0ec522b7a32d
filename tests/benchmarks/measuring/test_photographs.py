"""Photographs as problems: scribbles, colour models, and the optima that are written down."""

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring import photographs
from benchmarks.measuring.photographs import PHOTOGRAPHS, STEPS, colour_costs, draw_scribbles, make_problem


@pytest.fixture
def image():
    """Left a dark half, right a bright one, with noise."""
    generator = np.random.default_rng(0)
    image = generator.normal(0.2, 0.02, (30, 40, 3))
    image[:, 20:] += 0.6
    return image.astype(np.float32)


def test_scribbles_are_walks_within_the_image_that_begin_in_different_colours(image):
    first, second = draw_scribbles(image, 2, np.random.default_rng(3))
    for scribble in (first, second):
        assert scribble.shape == (STEPS, 2) and (scribble >= 0).all() and (scribble < (30, 40)).all()
        assert np.abs(np.diff(scribble, axis=0)).max() == 1
    assert (first[0, 1] < 20) != (second[0, 1] < 20)


def test_costs_are_low_where_the_colour_is_the_scribbles(image):
    costs = colour_costs(image, [image[:, :5].reshape(-1, 3), image[:, -5:].reshape(-1, 3)])
    assert costs.shape == (1, 2, 30, 40) and costs.dtype == np.float32
    assert (costs[0].argmin(axis=0) == (np.arange(40) >= 20)).all()
    np.testing.assert_allclose(costs.min(), 0, atol=1e-3)
    assert costs.max() == pytest.approx(-np.log(photographs.LEAST_PROBABILITY), rel=1e-5)


def test_costs_are_those_of_normal_distributions():
    generator = np.random.default_rng(1)
    samples = [generator.normal(mean, 0.1, (50, 3)) for mean in (0.3, 0.5)]
    colour = np.array([0.42, 0.38, 0.45])
    density = []
    for sample in samples:
        covariance = np.cov(sample.T) + photographs.SPREAD ** 2 * np.eye(3)
        away = colour - sample.mean(axis=0)
        density.append(np.exp(-away @ np.linalg.solve(covariance, away) / 2) / np.sqrt(np.linalg.det(covariance)))
    expected = -np.log(np.array(density) / sum(density))
    np.testing.assert_allclose(colour_costs(colour[None, None], samples).ravel(), expected, rtol=1e-5)


@pytest.mark.parametrize("photograph", PHOTOGRAPHS, ids=lambda photograph: photograph.name)
def test_the_optimum_that_is_written_down(photograph):
    problem = make_problem(photograph)
    assert problem.costs.shape[1] == photograph.labels and problem.optimum == photograph.optimum
    solution = theano_crf.dual_mm(problem.costs, problem.weights, 60, "icm")
    height = photograph.optimum - problem.least_costs
    assert solution.lower_bound[0] <= photograph.optimum + 1e-6 * height
    assert solution.energy[0] >= photograph.optimum - photograph.gap - 1e-6 * height
    assert solution.energy[0] - solution.lower_bound[0] < 0.05 * height
    assert (make_problem(photograph).costs == problem.costs).all()
