"""Plots of a study: well-formed SVG that depends on the results alone, with dots where the values are."""

import re
import xml.etree.ElementTree

import pytest

from experiments.reporting.study_plots import differences_plot, scores_plot
from tests.experiments.studies.made_results import made_results


def dots(content, name):
    """Return the (x, y) of the marks of a line with this name."""
    group = re.search(rf'<g id="{re.escape(name)}">.*?</g>\s*</g>', content.decode(), re.S).group()
    return [tuple(map(float, pair)) for pair in re.findall(r'<use [^>]*x="([\d.]+)"[^>]*y="([\d.]+)"', group)]


def test_each_seed_has_a_dot_at_its_value():
    result = made_results()
    content = scores_plot(result)
    xml.etree.ElementTree.fromstring(content)
    assert content == scores_plot(made_results())
    (low, height), (high, same) = dots(content, "seeds of joint")
    assert height == same and low < high
    controls = [x for x, _ in dots(content, "seeds of control")]
    # 42, 44, 45 and 47 % lie along one axis
    assert (low - controls[0]) / (high - controls[0]) == pytest.approx(3 / 5, abs=0.01)
    del result["joint"]["1"]
    assert len(dots(scores_plot(result), "seeds of joint")) == 1


def test_rows_lie_below_each_other_and_better_ones_further_right():
    content = differences_plot(made_results()["details"], "joint")
    xml.etree.ElementTree.fromstring(content)
    (cnn_x, cnn_y), = dots(content, "mean of cnn")
    (control_x, control_y), = dots(content, "mean of control")
    assert cnn_x < control_x and cnn_y < control_y


def test_a_single_seed_has_no_interval_over_seeds():
    details = made_results()["details"]
    assert differences_plot(details, "control").count(b'id="interval of ') == 2
    for entry in details["differences"]:
        entry["over_seeds"].update(sd=None, low=None, high=None)
    assert b"interval of " not in differences_plot(details, "control")
