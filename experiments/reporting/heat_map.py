"""The heat map of a grid search: gain in IoU over two parameters, a panel per value of a third."""

import math

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.reporting.plots import COLOURS, STYLE, svg
from experiments.search.methods import CRFSearch

SYMBOLS = {"alpha": "α", "beta": "β", "lam": "λ", "gamma": "γ", "iterations": "iterations", "temperature": "T",
           "relative_contrast": "relative contrast",
           "smoothness": "smoothness", "smoothness_distance": "distance of smoothness", "appearance": "appearance",
           "appearance_distance": "distance of appearance", "appearance_colour": "colour of appearance"}
PANELS_PER_ROW = 3
# Losses and gains in the report's two colours.
LOSS_TO_GAIN = LinearSegmentedColormap.from_list("loss to gain", [COLOURS["categories"], "white", COLOURS["classes"]])
# Cells have no room for numbers where a panel has more rows or columns than this.
MOST_NUMBERED = 8
DARK = "#1d262d"


def heat_map(result, method=CRFSearch):
    """Plot each set's gain in IoU over classes over the CNN alone.

    Where other parameters are searched too, a cell shows the best gain among their values.

    Parameters
    ----------
    result : dict
        From `experiments.search.summary.summarise`.
    method : experiments.search.methods.CRFSearch or DenseSearch
        Whose sets they are.

    Returns
    -------
    bytes
        An SVG file.
    """
    gains = gains_by_cell(result, method.axes)
    down, panels_of, across = (sorted({key[axis] for key in gains}) for axis in range(3))
    columns = min(PANELS_PER_ROW, len(panels_of))
    rows = math.ceil(len(panels_of) / columns)
    largest_gain = max([0.1, *gains.values()])
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        size = max(3.2, 0.9 + 0.5 * len(across)), max(2.2, 1.4 + 0.4 * len(down))
        figure = Figure(figsize=(columns * size[0] + 1, rows * size[1] + 0.4), constrained_layout=True)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, value in zip(panels, panels_of):
            table = np.array([[gains.get((row, value, column), np.nan) for column in across] for row in down])
            image = axes.imshow(table, cmap=LOSS_TO_GAIN, vmin=-largest_gain, vmax=largest_gain, origin="lower",
                                aspect="auto")
            _label(axes, method.axes, down, value, across)
            _number(axes, table, image)
            _mark(axes, result, method, down, value, across)
        for axes in panels[len(panels_of):]:
            axes.set_visible(False)
        figure.colorbar(image, ax=panels.tolist(), extend="min", label="gain in IoU over classes,\npercent points")
        return svg(figure)


def gains_by_cell(result, axes=CRFSearch.axes):
    """Return {values of three parameters: gain in IoU over the CNN alone}, the best of the other parameters' values."""
    gains, alone = {}, result["cnn"]["classes"] or 0
    for entry in result["sets"]:
        key = tuple(entry["parameters"][name] for name in axes)
        gains[key] = max(gains.get(key, -np.inf), (entry["classes"] or 0) - alone)
    return gains


def _label(axes, names, down, value, across):
    row, panel, column = (SYMBOLS[name] for name in names)
    axes.set(title=f"{panel} = {value:g}", xlabel=column, ylabel=row, xticks=range(len(across)),
             yticks=range(len(down)))
    axes.set_xticklabels([f"{number:g}" for number in across])
    axes.set_yticklabels([f"{number:g}" for number in down])
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _number(axes, table, image):
    if max(table.shape) > MOST_NUMBERED:
        return
    for (row, column), gain in np.ndenumerate(table):
        if not np.isnan(gain):
            axes.text(column, row, f"{gain:+.2f}".replace("-", "\N{MINUS SIGN}"), ha="center", va="center",
                      fontsize=8.5, color=_ink(image.cmap(image.norm(gain))))


def _ink(background):
    """Return the text colour of more contrast to a background, by the contrast ratio of WCAG 2.1, section 1.4.3."""
    dark, ground = (_luminance(to_rgb(colour)) for colour in (DARK, background))
    return DARK if (ground + 0.05) ** 2 > 1.05 * (dark + 0.05) else "white"


def _luminance(colour):
    """Return the relative luminance of a colour (R, G, B) in sRGB, 0 to 1."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _mark(axes, result, method, down, value, across):
    """Frame the best set and, dashed, the baseline."""
    for key, style in ((method.baseline, (0, (2, 1.5))), ("best", "-")):
        row, panel, column = (result[key]["parameters"][name] for name in method.axes)
        if panel == value:
            corner = across.index(column) - 0.46, down.index(row) - 0.44
            axes.add_patch(Rectangle(corner, 0.92, 0.88, fill=False, edgecolor="black", linewidth=2, linestyle=style))
