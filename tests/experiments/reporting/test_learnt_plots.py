"""Plots of learnt terms: what they show is what they were given."""

import re

import numpy as np

from experiments.reporting.learnt_plots import compatibility_plot, contrast_plot

NEIGHBOURS = ((0, 1), (1, 0), (1, 1))


def test_the_contrast_has_a_curve_per_parameter_and_neighbour():
    records = [{"iteration": number, "alpha": 35.0 - number, "beta": 0.9, "lam": [2.5, 2.5 + number, 2.5]}
               for number in (0, 20, 40)]
    text = contrast_plot(records, NEIGHBOURS).decode()
    assert contrast_plot(records, NEIGHBOURS).decode() == text
    assert all(f"<!-- {offset} -->" in text for offset in NEIGHBOURS) and "<!-- α -->" in text


def test_compatibilities_have_a_panel_per_neighbour_with_the_classes_names():
    matrices = np.tile(1 - np.eye(4), (3, 1, 1))
    text = compatibility_plot(matrices, ["road", "car", "bus", "sky"], NEIGHBOURS).decode()
    assert len(re.findall("<!-- road -->", text)) == 2 * 3 and text.count("<image") >= 3
