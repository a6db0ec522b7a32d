"""The configuration's sections on CRFs: the paper's values by default, and what is wrong gets one sentence."""

import pytest

from data_prep.strict_model import parse
from experiments.settings.config import Config
from experiments.settings.crf_config import CRFConfig
from prototxt.stages import PAPERS_CRF
from tests.experiments.tiny_experiment import CONFIG


@pytest.mark.parametrize("section, values, words", [
    ("crf", {"temperature": 0}, "crf.temperature"),
    ("crf", {"margin": "jaccard"}, "crf.margin"),
    ("crf", {"margin": "iou", "margin_balance": 0.5}, "'crf.margin_balance' is wrong: it balances"),
    ("crf", {"pairwise_net": "scores"}, "crf.pairwise_net"),
    ("crf", {"learn_compatibility": True}, "crf.learn_compatibility"),
    ("crf", {"pairwise_rate": -1}, "crf.pairwise_rate"),
    ("grid", {"lam": [2.5, -1]}, "'grid.lam' is wrong: ensure this value is greater than or equal to 0"),
    ("grid", {"gamma": [0]}, "grid.gamma"),
    ("grid", {"margin": ["iou"]}, "grid.margin"),
    ("dense_grid", {"appearance_distance": [10, 0]}, "'dense_grid.appearance_distance' is wrong"),
    ("dense_crf", {"iterations": 0}, "dense_crf.iterations"),
])
def test_what_is_wrong_is_one_sentence(section, values, words):
    with pytest.raises(ValueError) as error:
        parse(Config, {**CONFIG, section: values}, "a.yaml")
    assert words in str(error.value) and "\n" not in str(error.value) and "a.yaml" in str(error.value)


def test_the_papers_crf_is_the_default():
    # but for settings of learnt terms, of which the paper has none
    assert CRFConfig().dict(exclude={"contrast_rate", "pairwise_rate", "learn_diagonal", "compatibility_rate",
                                     "class_bias_rate"}) == PAPERS_CRF


def test_a_grid_has_the_values_that_it_names():
    grid = parse(Config, {**CONFIG, "grid": {"lam": [0, 2.5], "iterations": [15]}}, "a.yaml").grid
    assert (grid.lam, grid.iterations, grid.alpha) == ((0, 2.5), (15,), ())
