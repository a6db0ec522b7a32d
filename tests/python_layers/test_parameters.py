"""Parameters of the CRF's layers: their defaults are the paper's and `theano_crf`'s, their values have bounds."""

import inspect
from types import SimpleNamespace

import pytest

import theano_crf
from experiments.settings.crf_config import CRFConfig
from python_layers.parameters import (
    InferenceLayerParameters, InferenceParameters, LossParameters, WeightParameters, WeightsLayerParameters,
    parse_param_str)


def defaults(function):
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()
            if parameter.default is not inspect.Parameter.empty}


@pytest.mark.parametrize("model, function", [
    (WeightParameters, theano_crf.contrast_weights), (LossParameters, theano_crf.ssvm),
    (InferenceParameters, theano_crf.dual_mm), (CRFConfig, theano_crf.dual_mm),
    (InferenceLayerParameters, theano_crf.dual_mm), (WeightsLayerParameters, theano_crf.contrast_weights)])
@pytest.mark.parametrize("graph", [False, True])
def test_defaults_are_those_of_the_functions_and_graphs(model, function, graph):
    values, expected = model().dict(), defaults(getattr(theano_crf.graph, function.__name__) if graph else function)
    shared = set(values) & set(expected)
    assert shared and all(values[name] == expected[name] for name in shared)


def test_defaults_are_the_papers_where_it_names_them():
    assert WeightParameters().dict() == {"alpha": 35, "beta": 0.9, "lam": 2.5, "relative_contrast": False}
    assert LossParameters().dict() == {
        "gamma": 0.1, "margin": "hamming", "iterations": 15, "decode": "argmin", "void": 255, "normalise": True,
        "neighbours": ((0, 1), (1, 0)), "compatibility": None, "learn_compatibility": False, "directed": False,
        "learn_diagonal": True}
    assert InferenceParameters().dict() == {"iterations": 15, "decode": "argmin"}
    assert CRFConfig().dict() == {
        "alpha": 35, "beta": 0.9, "lam": 2.5, "neighbours": ((0, 1), (1, 0)), "gamma": 0.1, "margin": "hamming",
        "iterations": 15, "decode": "argmin", "unary": "-p", "temperature": 1, "margin_balance": 0,
        "relative_contrast": False, "learn_contrast": False, "contrast_rate": 500, "pairwise_net": "none",
        "pairwise_rate": 10,
        "learn_compatibility": "none", "learn_diagonal": True, "compatibility_rate": 100,
        "learn_class_bias": False, "class_bias_rate": 500}


@pytest.mark.parametrize("model, text, key", [
    (WeightParameters, '{"alpha": -1}', "alpha"), (WeightParameters, '{"beta": 0}', "beta"),
    (WeightParameters, '{"lam": -0.5}', "lam"), (LossParameters, '{"gamma": -1}', "gamma"),
    (LossParameters, '{"gamma": [[0, 1], [1, "x"]]}', "gamma"), (LossParameters, '{"gamma": true}', "gamma"),
    (LossParameters, '{"gamma": [[[0, 1], [1, 0]]]}', "gamma"), (LossParameters, '{"gamma": NaN}', "gamma"),
    (WeightsLayerParameters, '{"neighbours": [[0, -1]]}', "neighbours"),
    (WeightsLayerParameters, '{"neighbours": [[0, 1.5]]}', "neighbours"),
    (WeightsLayerParameters, '{"neighbours": []}', "neighbours"),
    (WeightsLayerParameters, '{"neighbours": 4}', "neighbours"),
    (WeightsLayerParameters, '{"learn_contrast": 1.5}', "learn_contrast"),
    (WeightsLayerParameters, '{"relative_contrast": true}', "mean_bgr"),
    (InferenceLayerParameters, '{"compatibility": [[0, -1], [1, 0]]}', "compatibility"),
    (InferenceLayerParameters, '{"compatibility": [0, 1]}', "compatibility"),
    (InferenceLayerParameters, '{"compatibility": "potts"}', "compatibility"),
    (LossParameters, '{"margin": "jaccard"}', "margin"),
    (LossParameters, '{"margin": "iou", "gamma": [[0, 1], [1, 0]]}', "gamma"),
    (LossParameters, '{"directed": true}', "directed"),
    (LossParameters, '{"iterations": 0}', "iterations"), (InferenceParameters, '{"decode": "guess"}', "decode"),
    (InferenceParameters, '{"iterations": 1.5}', "iterations"), (InferenceParameters, '{"iteration": 5}', "iteration")])
def test_impossible_values_are_one_sentence(model, text, key):
    with pytest.raises(ValueError, match=f"The param_str of a .* layer: the key '{key}' is wrong") as error:
        parse_param_str(model, SimpleNamespace(param_str=text))
    assert "\n" not in str(error.value)


def test_a_param_str_that_is_no_json_is_shown():
    with pytest.raises(ValueError, match="is not JSON .*; it reads: {alpha}"):
        parse_param_str(WeightParameters, SimpleNamespace(param_str="{alpha}"))
