"""The heat map of a grid search, against gains and contrasts computed by hand."""

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from experiments.reporting import heat_map as heat_map_module
from experiments.reporting.heat_map import DARK, gains_by_cell, heat_map

MINUS = "\N{MINUS SIGN}"


def entry(classes, *values):
    return {"parameters": dict(zip(("alpha", "beta", "lam", "iterations"), values)), "classes": classes}


def search(sets, best=0, paper=-1, alone=50.0):
    return {"cnn": {"classes": alone}, "sets": sets, "best": sets[best], "paper": sets[paper]}


SETS = [entry(52.0, 35, 0.9, 5, 15), entry(51.5, 35, 0.9, 5, 5), entry(50.5, 20, 0.7, 5, 15),
        entry(49.0, 35, 0.9, 1, 15)]


@pytest.fixture
def figure_of(monkeypatch):
    monkeypatch.setattr(heat_map_module, "svg", lambda figure: figure)
    return heat_map


def test_a_cell_has_the_best_of_its_sets():
    assert gains_by_cell(search(SETS)) == {(35, 0.9, 5): 2.0, (35, 0.9, 1): -1.0, (20, 0.7, 5): 0.5}


def test_images_without_any_label_have_no_gain():
    unscored = [entry(None, 35, 0.9, 5, 15)]
    assert gains_by_cell(search(unscored, alone=None)) == {(35, 0.9, 5): 0} and heat_map(search(unscored, alone=None))


def test_equal_results_give_equal_files():
    assert heat_map(search(SETS)) == heat_map(search(SETS)) and b"<svg" in heat_map(search(SETS))


def test_each_beta_has_a_panel_whose_cells_say_their_gains(figure_of):
    panels = [axes for axes in figure_of(search(SETS)).axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["β = 0.7", "β = 0.9"]
    for axes in panels:
        assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "5"]  # lambda
        assert [label.get_text() for label in axes.get_yticklabels()] == ["20", "35"]  # alpha
    numbers = [{text.get_position(): text.get_text() for text in axes.texts} for axes in panels]
    assert numbers == [{(1, 0): "+0.50"}, {(0, 1): f"{MINUS}1.00", (1, 1): "+2.00"}]


def test_the_best_set_has_a_frame_and_the_papers_a_dashed_one(figure_of):
    panel, = [axes for axes in figure_of(search(SETS)).axes if axes.get_title() == "β = 0.9"]
    frames = {patch.get_linestyle() == "-": (patch.get_x() + patch.get_width() / 2, patch.get_y()
              + patch.get_height() / 2) for patch in panel.patches if isinstance(patch, Rectangle)}
    assert frames[True] == pytest.approx((1, 1), abs=0.1) and frames[False] == pytest.approx((0, 1), abs=0.1)


def test_many_cells_have_no_numbers(figure_of):
    sets = [entry(51.0, 35, 0.9, lam, 15) for lam in range(1, 10)]
    assert not any(axes.texts for axes in figure_of(search(sets)).axes)


@pytest.mark.parametrize("background, darker", [("white", True), ("black", False), ("#d9782d", True),
                                                ("#1f5a94", False), ("#3c8d5a", False)])
def test_numbers_have_the_ink_of_more_contrast(background, darker):
    def contrast(colour):
        lighter, lower = sorted((luminance(colour), luminance(background)), reverse=True)
        return (lighter + 0.05) / (lower + 0.05)

    def luminance(colour):
        colour = {"white": "#ffffff", "black": "#000000"}.get(colour, colour)
        shares = np.array([int(colour[place:place + 2], 16) for place in (1, 3, 5)]) / 255
        linear = np.where(shares <= 0.03928, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    assert heat_map_module._ink(background) == (DARK if contrast(DARK) > contrast("white") else "white")
    assert (contrast(DARK) > contrast("white")) == darker
