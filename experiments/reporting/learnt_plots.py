"""Plots of a CRF's learnt terms: what the contrast's parameters become, and the costs of pairs of labels."""

import itertools

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from experiments.reporting.plots import COLOURS, STYLE, svg

PARAMETERS = {"alpha": "α", "beta": "β", "lam": "λ"}
NEIGHBOUR_COLOURS = (COLOURS["classes"], COLOURS["categories"], COLOURS["health"], "#8a5aa8", COLOURS["loss"],
                     "#b03a48")
INCHES_PER_CLASS = 0.32


def contrast_plot(records, neighbours):
    """Plot alpha, beta and each neighbour's lambda over the iterations of a stage.

    Parameters
    ----------
    records : list of dict
        Of the stage's log, with ``iteration``, ``alpha``, ``beta`` and ``lam``; the first is of iteration 0.
    neighbours : sequence of D (int, int)

    Returns
    -------
    bytes
        An SVG file.
    """
    iterations = [record["iteration"] for record in records]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 3), constrained_layout=True)
        for axes, (key, symbol) in zip(figure.subplots(1, 3), PARAMETERS.items()):
            if key == "lam":
                for place, (offset, colour) in enumerate(zip(neighbours, itertools.cycle(NEIGHBOUR_COLOURS))):
                    axes.plot(iterations, [record[key][place] for record in records], color=colour, label=str(offset))
                axes.legend(title="(dy, dx)", fontsize=9)
            else:
                axes.plot(iterations, [record[key] for record in records], color=COLOURS["classes"])
            axes.set(title=symbol, xlabel="iteration of the stage")
            axes.ticklabel_format(useOffset=False)
        return svg(figure)


def compatibility_plot(matrices, names, neighbours):
    """Draw the costs of pairs of labels, a matrix per neighbour; Potts has 1 everywhere but on the diagonal.

    Parameters
    ----------
    matrices : (D, K, K) array
        The first axis of a matrix is the label of an edge's first pixel.
    names : sequence of K str
    neighbours : sequence of D (int, int)

    Returns
    -------
    bytes
        An SVG file.
    """
    side = 1.8 + INCHES_PER_CLASS * len(names)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(side * len(neighbours) + 0.6, side), constrained_layout=True)
        panels = figure.subplots(1, len(neighbours), squeeze=False)[0]
        for axes, matrix, offset in zip(panels, matrices, neighbours):
            shown = axes.imshow(matrix, cmap="viridis", vmin=0, vmax=np.max(matrices))
            axes.set(title=f"(dy, dx) = {offset}", xlabel="label of the second pixel", ylabel="label of the first")
            axes.set_xticks(range(len(names)))
            axes.set_xticklabels(names, rotation=90, fontsize=8)
            axes.set_yticks(range(len(names)))
            axes.set_yticklabels(names, fontsize=8)
        figure.colorbar(shown, ax=list(panels), label="cost, times the edge's weight")
        return svg(figure)
