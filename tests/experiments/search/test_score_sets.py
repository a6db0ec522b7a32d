"""Scores of sets of parameters on one image, against labels computed in NumPy."""

import numpy as np
import pytest

from experiments.search.parameter_sets import ParameterSet
from experiments.search.score_sets import score_sets
from tests.theano_crf import twins

HEIGHT, WIDTH, CLASSES = 7, 9, 3
SHORT, LONG = (ParameterSet(5, 0.9, 0.6, iterations) for iterations in (1, 15))
STRONG = ParameterSet(2, 0.5, 2.5, 15)
RELATIVE = LONG._replace(relative_contrast=True)
NARROW, WIDE = (ParameterSet(5, 0.9, 0.4, 15, gamma=gamma) for gamma in (0.1, 0.5))


@pytest.fixture
def problem():
    """Return an image, its true labels with some void, and probabilities that are wrong at some pixels."""
    generator = np.random.default_rng(3)
    image = generator.integers(100, 130, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    truth = generator.integers(0, CLASSES, (HEIGHT, WIDTH), dtype=np.uint8)
    scores = generator.normal(0, 1, (CLASSES, HEIGHT, WIDTH)) + 1.5 * (np.arange(CLASSES)[:, None, None] == truth)
    probability = np.exp(scores) / np.exp(scores).sum(axis=0)
    truth[generator.random(truth.shape) < 0.2] = 255
    return image, truth, probability.astype(np.float32)


def weights_of(image, parameters):
    colours = image.transpose(2, 0, 1) / 255
    colours = twins.relative_colours(colours) if parameters.relative_contrast else colours
    return twins.contrast_weights(colours, parameters.alpha, parameters.beta, parameters.lam)


def counts(truth, labels):
    matrix = np.zeros((CLASSES, CLASSES), int)
    for true, predicted in zip(truth.ravel(), labels.ravel()):
        if true != 255:
            matrix[true, predicted] += 1
    return matrix


def test_each_set_has_the_counts_of_its_labels(problem):
    image, truth, probability = problem
    unary = -probability
    results = score_sets(*problem, "-p", [None, SHORT, LONG, STRONG, RELATIVE], "argmin")
    expected = [unary.argmin(axis=0)] + [twins.dual_mm(unary, weights_of(image, parameters), parameters.iterations)[0]
                                         for parameters in (SHORT, LONG, STRONG, RELATIVE)]
    assert len({labels.tobytes() for labels in expected}) == 4  # the sets differ
    for result, labels in zip(results, expected):
        np.testing.assert_array_equal(result.confusion, counts(truth, labels))
        assert result.bound is None


def test_labels_are_scored_at_the_size_of_the_truth(problem):
    image, truth, probability = problem
    larger = truth.repeat(2, axis=0).repeat(2, axis=1)
    sets = [None, SHORT, NARROW]
    for plain, enlarged in zip(score_sets(*problem, "-p", sets, "argmin"),
                               score_sets(image, larger, probability, "-p", sets, "argmin")):
        np.testing.assert_array_equal(enlarged.confusion, 4 * plain.confusion)
        assert enlarged.bound == (plain.bound and 4 * plain.bound)


def test_the_bound_is_the_structured_loss_over_gamma_and_at_least_the_wrong_pixels(problem):
    image, truth, unary = problem[0], problem[1], -problem[2]
    weights = weights_of(image, NARROW)
    for parameters, result in zip((NARROW, WIDE), score_sets(*problem, "-p", [NARROW, WIDE], "argmin")):
        margin = parameters.gamma * (np.arange(CLASSES)[:, None, None] != truth) * (truth != 255)
        labels = twins.dual_mm(unary - margin, weights, parameters.iterations)[0]
        completed = twins.complete(unary, weights, truth, labels, parameters.iterations, 255)
        loss = twins.ssvm_loss(unary, weights, truth, completed, labels, parameters.gamma, 255)
        assert result.bound == pytest.approx(loss / parameters.gamma, rel=0.02)
        assert result.bound >= result.confusion.sum() - np.trace(result.confusion)


def test_neighbours_that_differ_in_gamma_alone_are_labelled_once(problem):
    begun = []
    results = score_sets(*problem, "-p", [None, STRONG, NARROW, WIDE], "argmin", begun.append)
    assert begun == [None, STRONG, NARROW.of_labels]
    assert results[2].confusion is results[3].confusion and results[2].bound != results[3].bound


@pytest.mark.parametrize("kind, costs_of", [("-p", lambda p: -p), ("-log p", lambda p: -np.log(p + 1e-6))])
def test_costs_come_from_the_cooled_softmax(problem, kind, costs_of):
    image, truth, probability = problem
    scores = np.log(probability)  # the CNN's but for a constant per pixel
    cooled = np.exp(scores / 3) / np.exp(scores / 3).sum(axis=0)
    sets = [LONG._replace(temperature=temperature) for temperature in (1, 3)]
    plain, cool = score_sets(*problem, kind, sets, "argmin")
    assert not np.array_equal(plain.confusion, cool.confusion)
    labels = twins.dual_mm(costs_of(cooled).astype(np.float32), weights_of(image, LONG), 15)[0]
    np.testing.assert_array_equal(cool.confusion, counts(truth, labels))
