"""The heat map of a grid search: gain in IoU over alpha and lambda, a panel per beta."""

import math

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.reporting.plots import COLOURS, STYLE, svg

SYMBOLS = {"alpha": "α", "beta": "β", "lam": "λ", "gamma": "γ", "iterations": "iterations", "temperature": "T"}
PANELS_PER_ROW = 3
# Losses and gains in the report's two colours.
LOSS_TO_GAIN = LinearSegmentedColormap.from_list("loss to gain", [COLOURS["categories"], "white", COLOURS["classes"]])
# Cells have no room for numbers where a panel has more rows or columns than this.
MOST_NUMBERED = 8
DARK = "#1d262d"


def heat_map(result):
    """Plot each set's gain in IoU over classes over the CNN alone.

    Where other parameters are searched too, a cell shows the best gain among their values.

    Parameters
    ----------
    result : dict
        From `experiments.search.summary.summarise`.

    Returns
    -------
    bytes
        An SVG file.
    """
    gains = gains_by_cell(result)
    alphas, betas, lams = (sorted({key[axis] for key in gains}) for axis in range(3))
    columns = min(PANELS_PER_ROW, len(betas))
    rows = math.ceil(len(betas) / columns)
    largest_gain = max([0.1, *gains.values()])
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        size = max(3.2, 0.9 + 0.5 * len(lams)), max(2.2, 1.4 + 0.4 * len(alphas))
        figure = Figure(figsize=(columns * size[0] + 1, rows * size[1] + 0.4), constrained_layout=True)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, beta in zip(panels, betas):
            table = np.array([[gains.get((alpha, beta, lam), np.nan) for lam in lams] for alpha in alphas])
            image = axes.imshow(table, cmap=LOSS_TO_GAIN, vmin=-largest_gain, vmax=largest_gain, origin="lower",
                                aspect="auto")
            _label(axes, alphas, beta, lams)
            _number(axes, table, image)
            _mark(axes, result, alphas, beta, lams)
        for axes in panels[len(betas):]:
            axes.set_visible(False)
        figure.colorbar(image, ax=panels.tolist(), extend="min", label="gain in IoU over classes,\npercent points")
        return svg(figure)


def gains_by_cell(result):
    """Return {(alpha, beta, lambda): gain in IoU over the CNN alone}, the best among the other parameters' values."""
    gains, alone = {}, result["cnn"]["classes"] or 0
    for entry in result["sets"]:
        key = tuple(entry["parameters"][name] for name in ("alpha", "beta", "lam"))
        gains[key] = max(gains.get(key, -np.inf), (entry["classes"] or 0) - alone)
    return gains


def _label(axes, alphas, beta, lams):
    axes.set(title=f"β = {beta:g}", xlabel="λ", ylabel="α", xticks=range(len(lams)), yticks=range(len(alphas)))
    axes.set_xticklabels([f"{lam:g}" for lam in lams])
    axes.set_yticklabels([f"{alpha:g}" for alpha in alphas])
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


def _mark(axes, result, alphas, beta, lams):
    """Frame the best set and, dashed, the paper's."""
    for key, style in (("paper", (0, (2, 1.5))), ("best", "-")):
        parameters = result[key]["parameters"]
        if parameters["beta"] == beta:
            corner = lams.index(parameters["lam"]) - 0.46, alphas.index(parameters["alpha"]) - 0.44
            axes.add_patch(Rectangle(corner, 0.92, 0.88, fill=False, edgecolor="black", linewidth=2, linestyle=style))
