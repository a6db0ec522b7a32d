"""Plots of a study: each seed's score of each row, and paired differences with their intervals."""

import matplotlib
from matplotlib.figure import Figure

from experiments.reporting.plots import COLOURS, STYLE, svg

MEAN, SEED = COLOURS["classes"], COLOURS["loss"]
ROW_HEIGHT = 0.34  # inches
# Seeds of a row lie within so much of its height.
SPREAD = 0.5


def scores_plot(result):
    """Plot each row's IoU over classes: a dot per seed, a line at their mean.

    Parameters
    ----------
    result : dict
        Of `experiments.studies.results.Results.to_json`.

    Returns
    -------
    bytes
        An SVG file.
    """
    details = result["details"]
    with matplotlib.rc_context(STYLE):
        figure, axes = _rows_of(details["means"], details["titles"])
        for place, (key, means) in enumerate(details["means"].items()):
            values = [scores["classes"] for scores in result[key].values()]
            axes.plot(values, [place] * len(values), "o", color=SEED, alpha=0.55, markersize=5, markeredgewidth=0,
                      gid=f"seeds of {key}")
            mean = means["classes"]["mean"]
            axes.plot([mean, mean], [place - 0.3, place + 0.3], color=MEAN, linewidth=2.5)
        axes.set(xlabel="IoU over classes in %")
        return svg(figure)


def differences_plot(details, reference):
    """Plot the paired differences in IoU over classes to a row.

    Of each row the thick line is the t-interval over seeds with the mean; the thin lines are the seeds' differences
    with their intervals over blocks of images.

    Parameters
    ----------
    details : dict
        Of a study's results.
    reference : str
        Key of the row that is subtracted.

    Returns
    -------
    bytes
        An SVG file.
    """
    compared = {entry["first"]: entry for entry in details["differences"] if entry["second"] == reference}
    with matplotlib.rc_context(STYLE):
        figure, axes = _rows_of(compared, details["titles"])
        axes.axvline(0, color="#8a949c", linewidth=1)
        for place, entry in enumerate(compared.values()):
            _plot_difference(axes, place, entry)
        axes.set(xlabel=f"IoU over classes in %, minus {details['titles'][reference]}")
        return svg(figure)


def _plot_difference(axes, place, entry):
    seeds = list(entry["over_blocks"].values())
    for number, seed in enumerate(seeds):
        height = place + SPREAD * ((number + 0.5) / len(seeds) - 0.5)
        axes.plot([seed["low"], seed["high"]], [height, height], color=SEED, linewidth=0.7, alpha=0.6)
        axes.plot(seed["classes"], height, "o", color=SEED, markersize=3, markeredgewidth=0)
    over_seeds = entry["over_seeds"]
    if over_seeds["low"] is not None:
        axes.plot([over_seeds["low"], over_seeds["high"]], [place, place], color=MEAN, linewidth=2.5, alpha=0.75,
                  gid=f"interval of {entry['first']}")
    axes.plot(over_seeds["mean"], place, "D", color=MEAN, markersize=6, gid=f"mean of {entry['first']}")


def _rows_of(keys, titles):
    """Return a figure and its axes with a line per row, the first above."""
    figure = Figure(figsize=(10, 1.1 + ROW_HEIGHT * len(keys)), constrained_layout=True)
    axes = figure.subplots()
    axes.set_yticks(range(len(keys)))
    axes.set_yticklabels([titles[key] for key in keys])
    axes.set_ylim(len(keys) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    return figure, axes
