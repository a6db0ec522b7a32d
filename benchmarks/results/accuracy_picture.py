"""Accuracy over time as a picture, a panel per problem."""

import io

import matplotlib
from matplotlib.figure import Figure

from benchmarks.results.picture import LEAST_SHARE, LOOKS
from experiments.reporting.plots import STYLE

COLUMNS = 2


def accuracy_over_time(measured):
    """Plot energies above the optimum, and bounds below it in dashes, over time, on logarithmic axes.

    Parameters
    ----------
    measured : sequence of benchmarks.results.accuracy.Accuracy

    Returns
    -------
    bytes
        A PNG file.
    """
    rows = -(-len(measured) // COLUMNS)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(12, 3.6 * rows + 0.6), constrained_layout=True)
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes, accuracy in zip(panels, measured):
            _draw(axes, accuracy)
        for axes in panels[len(measured):]:
            axes.set_visible(False)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="upper center", ncol=len(names), bbox_to_anchor=(0.5, 0))
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=100, bbox_inches="tight")
        return content.getvalue()


def _draw(axes, accuracy):
    for name in accuracy.names:
        colour, marker = LOOKS[name]
        seconds, above, below = accuracy.curve(name)
        times = [1e3 * second for second in seconds]
        axes.plot(times, [max(100 * share, LEAST_SHARE) for share in above], label=name, color=colour, marker=marker,
                  linewidth=1.6, markersize=5)
        bounds = [(time, max(100 * share, LEAST_SHARE)) for time, share in zip(times, below) if share is not None]
        if bounds:
            axes.plot(*zip(*bounds), color=colour, linewidth=1.2, linestyle="--")
    axes.set(xscale="log", yscale="log", title=accuracy.problem,
             xlabel="milliseconds of one thread" if accuracy.processor_time else "milliseconds",
             ylabel="energy above, bound below (- -)")
    axes.grid(which="minor", visible=False)
    axes.yaxis.set_major_formatter(lambda value, position: f"{value:g} %")
    axes.xaxis.set_major_formatter(lambda value, position: f"{value:g}")
