"""The CRFs that are searched: what their tables and labels are made of."""

import numpy as np
import pytest

from experiments.prediction.dense_crf import mean_field
from experiments.reporting.heat_map import SYMBOLS
from experiments.scoring.metrics import confusion_matrix
from experiments.search.methods import METHODS, CRFSearch, DenseSearch
from experiments.search.score_sets import score_sets
from experiments.settings.config import Config
from experiments.settings.crf_config import DenseCRFConfig
from tests.experiments.tiny_experiment import CONFIG

CRF = {"neighbours": [[0, 1], [1, 0], [1, 1]], "iterations": 4, "decode": "icm", "unary": "-log p"}


@pytest.fixture
def config():
    return Config(**{**CONFIG, "crf": CRF, "grid": {"lam": [0.5, 3]}, "dense_grid": {"appearance": [0, 30]}})


@pytest.fixture
def problem():
    generator = np.random.default_rng(3)
    image = generator.integers(0, 256, (9, 11, 3), dtype=np.uint8)
    truth = generator.integers(0, 3, (9, 11)).astype(np.uint8)
    return image, truth, generator.dirichlet(np.ones(3), (9, 11)).transpose(2, 0, 1).astype(np.float32)


@pytest.mark.parametrize("method", METHODS.values())
def test_a_methods_names_are_keys_of_the_configuration_and_of_its_sets(method, config):
    sets, baseline = method.sets(config), method.baseline_set(config)
    assert baseline in sets and list(method.titles) == ["cnn", method.baseline, "best"]
    for parameters in sets:
        assert {*method.of_costs, *method.axes} <= set(parameters.to_json()) <= set(method.parameters) <= set(SYMBOLS)
        type(getattr(config, method.section))(**parameters.to_json())
    assert hasattr(config, method.grid)


def test_the_crf_is_that_of_the_configuration(config, problem):
    begun, sets = [], [None, *CRFSearch.sets(config)]
    results = CRFSearch.score(*problem, sets, config, begun.append)
    expected = score_sets(*problem, "-log p", sets, "icm", neighbours=config.crf.neighbours)
    assert [result.confusion.tolist() for result in results] == [result.confusion.tolist() for result in expected]
    assert begun == sets
    other = Config(**{**CONFIG, "crf": {**CRF, "neighbours": [[0, 1], [1, 0]]}})
    assert CRFSearch.settings(config) != CRFSearch.settings(other)


def test_a_set_of_absolute_contrast_takes_relative_contrast_out_of_the_configuration(config):
    relative = Config(**{**CONFIG, "crf": {"relative_contrast": True}})
    absolute_set, relative_set = {"alpha": 20}, {"alpha": 20, "relative_contrast": True}
    assert CRFSearch.written(absolute_set, config) == DenseSearch.written(absolute_set, relative) == absolute_set
    assert CRFSearch.written(absolute_set, relative) == {"alpha": 20, "relative_contrast": False}
    assert CRFSearch.written(relative_set, relative) == relative_set


def test_the_dense_crf_labels_by_mean_field(config, problem):
    image, truth, probability = problem
    begun, sets = [], [None, *DenseSearch.sets(config)]
    results = DenseSearch.score(*problem, sets, config, begun.append)
    labels = [probability.argmax(axis=0), *(mean_field(image, probability, DenseCRFConfig(appearance=appearance))
                                            for appearance in (0, 30, 10))]
    assert [result.confusion.tolist() for result in results] == [
        confusion_matrix(truth, of_set, 3).tolist() for of_set in labels]
    assert begun == sets and len({result.confusion.tobytes() for result in results}) > 2
    assert all(result.bound is None for result in results)
