"""Pairwise weights (equation 6) and energies (equation 2 with 5) against their definitions."""
import numpy as np
import pytest
import theano
import theano.tensor as T

import theano_crf  # keeps Theano from starting MPI
from theano_crf import graph

from . import general_twins, twins


@pytest.mark.parametrize("height, width", [(1, 1), (1, 5), (4, 1), (3, 6)])
def test_contrast_weights_follow_equation_6(height, width):
    image = np.random.default_rng(0).random((2, 3, height, width)).astype(np.float32)
    weights = theano_crf.contrast_weights(image, alpha=5.0, beta=0.7, lam=1.5)
    assert weights.shape == (2, 2, height, width) and weights.dtype == np.float32
    for edges, one in zip(weights, image):
        np.testing.assert_allclose(edges, twins.contrast_weights(one, 5.0, 0.7, 1.5), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("neighbours", [twins.PAPERS, ((0, 1), (1, -1))])
def test_relative_contrast_is_that_of_logarithms(neighbours):
    image = np.random.default_rng(0).random((1, 3, 4, 5)).astype(np.float32)
    image[0, 0, 0, 0], image[0, 0, 0, 1] = 0, 1
    weights = theano_crf.contrast_weights(image, 5.0, 0.7, 1.5, neighbours, relative=True)
    expected = twins.contrast_weights(twins.relative_colours(image[0]), 5.0, 0.7, 1.5, neighbours)
    np.testing.assert_allclose(weights[0], expected, rtol=1e-4, atol=1e-7)


def test_in_less_light_relative_contrast_stays_and_absolute_contrast_goes():
    bright = np.full((1, 3, 1, 2), 0.6)
    bright[..., 1] = 0.9
    by_kind = [[theano_crf.contrast_weights(light * bright, relative=relative)[0, 0, 0, 0] for light in (1, 0.5)]
               for relative in (False, True)]
    (absolute, absolute_dark), (relative, relative_dark) = by_kind
    assert absolute_dark > 10 * absolute and relative_dark == pytest.approx(relative, rel=0.35)


def test_relative_colours_keep_black_and_white_and_the_order():
    symbol = T.ftensor4("image")
    image = np.linspace(0, 1, 12, dtype=np.float32).reshape(1, 3, 2, 2)
    colours = graph.relative_colours(symbol).eval({symbol: image}).ravel()
    assert colours[0] == 0 and colours[-1] == pytest.approx(1) and (np.diff(colours) > 0).all()
    np.testing.assert_allclose(colours, twins.relative_colours(image.ravel()), rtol=1e-5)


def test_the_papers_settings_are_the_defaults():
    image = np.zeros((1, 3, 1, 2))
    image[0, :, 0, 1] = 0.01
    expected = 2.5 * np.exp(-35 * (0.01 * np.sqrt(3)) ** 0.9)
    np.testing.assert_allclose(theano_crf.contrast_weights(image)[0, 0, 0], [expected, 0], rtol=1e-5)


def test_equal_pixels_have_the_full_weight():
    weights = theano_crf.contrast_weights(np.full((1, 3, 2, 2), 0.5), lam=3.0)
    assert weights.tolist() == [[[[3.0, 0.0], [3.0, 0.0]], [[3.0, 3.0], [0.0, 0.0]]]]


def test_without_alpha_all_pixels_count_as_equal():
    """Even if the other factor overflows: black and white are more than 1 apart, so a large beta makes it infinite."""
    image = np.zeros((1, 3, 1, 3))
    image[..., 1] = 1
    for beta in (0.0, 0.9, 1e19):
        assert theano_crf.contrast_weights(image, alpha=0, beta=beta, lam=2)[0, 0, 0].tolist() == [2, 2, 0]
    assert theano_crf.contrast_weights(image, beta=1e19)[0, 0, 0].tolist() == [0, 0, 0]


def image_gradient(image, beta, projection):
    """Theano's gradient of sum(projection * weights) with respect to the image."""
    symbol = T.dtensor4("image")
    cost = (projection * graph.contrast_weights(symbol, alpha=3.0, beta=beta, lam=2.0)).sum()
    return theano.function([symbol], theano.grad(cost, symbol))(image)


@pytest.mark.parametrize("beta", [0.5, 0.9, 1.0, 2.0, 3.0])
def test_the_images_gradient_is_that_of_finite_differences_and_0_where_neighbours_are_equal(beta):
    generator = np.random.default_rng(3)
    image, projection = generator.random((1, 3, 3, 4)), generator.normal(size=(1, 2, 3, 4))
    image[:, :, 0, 1] = image[:, :, 0, 0]
    apart = projection.copy()
    apart[0, 0, 0, 0] = 0  # the edge between equal pixels
    gradient = image_gradient(image, beta, apart)

    def cost(step, place):
        moved = image.copy()
        moved[place] += step
        return (apart * twins.contrast_weights(moved[0], 3.0, beta, 2.0)).sum()
    expected = np.empty_like(image)
    for place in np.ndindex(image.shape):
        expected[place] = (cost(1e-6, place) - cost(-1e-6, place)) / 2e-6
    np.testing.assert_allclose(gradient, expected, rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(image_gradient(image, beta, projection), gradient)  # the edge adds nothing


def test_an_image_of_one_colour_has_no_gradient():
    gradient = image_gradient(np.full((2, 3, 4, 5), 0.3), 0.9, np.ones((2, 2, 4, 5)))
    np.testing.assert_array_equal(gradient, np.zeros((2, 3, 4, 5)))


NEIGHBOURHOODS = [((0, 1), (1, 0), (1, 1), (1, -1)), ((2, -3),), ((0, 4), (4, 0), (0, 4)), ((9, 0), (0, 7), (1, -6))]


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS, ids=str)
@pytest.mark.parametrize("height, width", [(1, 1), (1, 5), (4, 1), (5, 6)])
def test_contrast_weights_of_any_neighbours_are_divided_by_their_distance(height, width, neighbours):
    image = np.random.default_rng(4).random((2, 3, height, width)).astype(np.float32)
    weights = theano_crf.contrast_weights(image, 5.0, 0.7, 1.5, neighbours)
    assert weights.shape == (2, len(neighbours), height, width) and weights.dtype == np.float32
    for edges, one in zip(weights, image):
        np.testing.assert_allclose(edges, twins.contrast_weights(one, 5.0, 0.7, 1.5, neighbours), rtol=1e-4, atol=1e-7)


def test_a_symbolic_lambda_may_differ_by_neighbour():
    image, neighbours = np.random.default_rng(6).random((1, 3, 4, 5)).astype(np.float32), ((0, 1), (1, 0), (1, 1))
    symbols = T.ftensor4("image"), T.fvector("lam")
    weights = graph.contrast_weights(symbols[0], 5.0, 0.7, symbols[1], neighbours).eval(
        dict(zip(symbols, (image, np.float32([1, 2, 0.5])))))
    for channel, lam in enumerate((1, 2, 0.5)):
        own = theano_crf.contrast_weights(image, 5.0, 0.7, lam, neighbours)
        np.testing.assert_allclose(weights[:, channel], own[:, channel], rtol=1e-6)


def test_a_diagonals_weight_by_hand():
    weights = theano_crf.contrast_weights(np.full((1, 3, 3, 3), 0.5), lam=3.0, neighbours=[(1, -1)])
    weight = 3 / np.sqrt(2)
    np.testing.assert_allclose(weights[0, 0], [[0, weight, weight], [0, weight, weight], [0, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize("neighbours", NEIGHBOURHOODS, ids=str)
@pytest.mark.parametrize("kind", ["potts", "directed", "rewards"])
def test_energy_of_any_neighbours_follows_the_definition(neighbours, kind):
    for seed, shape in enumerate([(2, 3, 5, 8), (1, 4, 1, 1), (1, 2, 11, 3)]):
        unary, weights = general_twins.random_problem(seed, shape, neighbours)
        mu = general_twins.random_compatibility(seed, kind, shape[1], len(neighbours))
        labels = np.random.default_rng(seed).integers(0, shape[1], (shape[0], *shape[2:]))
        energies = theano_crf.energy(unary, weights, labels, neighbours, mu)
        expected = [twins.energy(*one, neighbours, mu) for one in zip(unary, weights, labels)]
        np.testing.assert_allclose(energies, expected, rtol=1e-9)


def test_a_directed_energy_by_hand():
    weights = np.array([[[[2.0, 0.0], [3.0, 0.0]], [[5.0, 7.0], [0.0, 0.0]]]])
    mu = [[[0, 1], [10, 0]], [[0, 100], [1000, 0]]]
    # Labels 1 0 / 0 0: to the right 2 * mu(1, 0) and 3 * mu(0, 0), downwards 5 * mu(1, 0) and 7 * mu(0, 0).
    energy = theano_crf.energy(np.zeros((1, 2, 2, 2)), weights, [[[1, 0], [0, 0]]], compatibility=mu)
    assert energy.tolist() == [2 * 10 + 5 * 1000]


def test_energy_by_hand():
    unary = np.array([[[[1.0, 2.0], [4.0, 8.0]], [[16.0, 32.0], [64.0, 128.0]]]])
    weights = np.array([[[[0.5, 0.0], [0.25, 0.0]], [[0.125, 0.0625], [0.0, 0.0]]]])
    # Labels 0 1 / 0 0 have unary costs 1 + 32 + 4 + 8. They cut two edges: the first row's, and the one below label 1.
    assert theano_crf.energy(unary, weights, [[[0, 1], [0, 0]]]).tolist() == [45 + 0.5 + 0.0625]


@pytest.mark.parametrize("shape", [(1, 2, 1, 1), (3, 5, 4, 7), (2, 255, 3, 2), (1, 3, 1, 40)])
def test_energy_follows_the_definition(shape):
    unary, weights = twins.random_problem(1, *shape)
    labels = np.random.default_rng(2).integers(0, shape[1], (shape[0],) + shape[2:])
    energies = theano_crf.energy(unary, weights, labels)
    assert energies.dtype == np.float64
    np.testing.assert_allclose(energies, [twins.energy(*one) for one in zip(unary, weights, labels)], rtol=1e-12)


def test_the_last_column_and_row_of_weights_are_no_edges():
    unary, weights = twins.random_problem(3, 1, 3, 4, 5)
    labels = np.random.default_rng(3).integers(0, 3, (1, 4, 5))
    changed = weights.copy()
    changed[:, 0, :, -1] = 7
    changed[:, 1, -1] = 7
    assert theano_crf.energy(unary, weights, labels) == theano_crf.energy(unary, changed, labels)
    assert theano_crf.dual_mm(unary, weights)[1:] == theano_crf.dual_mm(unary, changed)[1:]
