"""Plots of the report, and the colour legend."""

import io
import itertools

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from prototxt.stages import STAGES

# Dark blue and orange: told apart in print and by colour-blind readers.
COLOURS = {"classes": "#1f5a94", "categories": "#d9782d", "loss": "#5b6770", "health": "#3c8d5a"}
SPLIT_COLOURS = (COLOURS["classes"], COLOURS["categories"], COLOURS["health"], "#8a5aa8", COLOURS["loss"])
STYLE = {"font.size": 11, "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": "#8a949c",
         "axes.labelcolor": "#3a444c", "xtick.color": "#3a444c", "ytick.color": "#3a444c", "axes.grid": True,
         "grid.color": "#e6eaed", "legend.frameon": False, "svg.hashsalt": "report"}


def training_curve(curves):
    """Plot IoU on the validation split and the loss over all stages, a vertical line per stage (figure 3).

    Parameters
    ----------
    curves : list of experiments.reporting.curves.StageCurve

    Returns
    -------
    bytes
        An SVG file.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 6), constrained_layout=True)
        scores, losses = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1]})
        for curve in curves:
            _plot_scores(scores, curve)
            _plot_loss(losses, curve)
        scores.set(ylabel="IoU on the validation split in %")
        scores.set_ylim(0, 100)
        losses.set(ylabel="loss per\nlabelled pixel", xlabel="iteration, all stages")
        losses.set_yscale("log")
        for curve in curves:
            if not curve.is_control:
                _mark_start((scores, losses), curve)
        # Above the plot, where it hides no line.
        _legend_of_scores(scores, any(curve.is_control for curve in curves), loc="lower right",
                          bbox_to_anchor=(1, 1), ncol=4)
        losses.set_xlim(0, 1.01 * max([1] + [curve.end for curve in curves]))
        return svg(figure)


def splits_curve(curves, splits):
    """Plot IoU over classes on each split that is validated on, over all stages: over- and underfitting.

    Parameters
    ----------
    curves : list of experiments.reporting.curves.StageCurve
    splits : sequence of str
        In the order of the configuration.

    Returns
    -------
    bytes or None
        An SVG file; None where one split alone is validated on.
    """
    if len(splits) == 1:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 4.5), constrained_layout=True)
        axes = figure.subplots()
        for split, colour in zip(splits, itertools.cycle(SPLIT_COLOURS)):
            axes.plot([], [], color=colour, linewidth=1.8, label=split)
            for curve in curves:
                axes.plot(*curve.split_series(split, splits[0]), color=colour, linewidth=1.8, marker=".",
                          linestyle=_line_style(curve))
        for curve in curves:
            if not curve.is_control:
                _mark_start((axes,), curve)
        axes.set(ylabel="IoU over classes in %", xlabel="iteration, all stages")
        axes.set_ylim(0, 100)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncol=len(splits))
        return svg(figure)


def joint_stage_curve(curves):
    """Plot stage 4 and the control alone, IoU over classes and over categories side by side.

    Returns
    -------
    bytes
        An SVG file.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 3.6), constrained_layout=True)
        for axes, key in zip(figure.subplots(1, 2), ("classes", "categories")):
            for curve in curves:
                if STAGES[curve.stage].crf:
                    _plot_scores(axes, curve._replace(start=0), keys=(key,), marker="o")
            axes.set(title=f"IoU over {key} in %", xlabel="iteration of the stage")
            axes.ticklabel_format(useOffset=False)
            _legend_of_scores(axes, True, keys=(key,))
        return svg(figure)


def health_curve(curves):
    """Plot the CNN's mean confidence, and the share of loss-augmented labels that differ from the truth.

    Returns
    -------
    bytes or None
        An SVG file; None where the logs hold neither.
    """
    panels = (("validation", "confidence", "mean largest probability\non the validation split"),
              ("train", "augmented_error", "share of loss-augmented labels\nthat differ from the truth"))
    known = [panel for panel in panels if any(curve.series(*panel[:2])[0] for curve in curves)]
    if not known:
        return None
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 3.6), constrained_layout=True)
        panels = figure.subplots(1, len(known), squeeze=False)[0]
        for axes, (kind, key, title) in zip(panels, known):
            for curve in curves:
                positions, values = curve.series(kind, key)
                _plot_smoothed(axes, positions, values, COLOURS["health"], _line_style(curve))
                if positions and STAGES[curve.stage].predecessor and not curve.is_control:
                    axes.axvline(curve.start, color="#8a949c", linewidth=1)
            axes.set(title=title, xlabel="iteration, all stages")
            axes.set_ylim(bottom=0)
        return svg(figure)


def legend(classes, label_ids):
    """Draw the colours of the classes with their names and label values.

    Parameters
    ----------
    classes : sequence of data_prep.store.metadata.LabelClass
    label_ids : sequence of int
        Value of each class in label images.

    Returns
    -------
    bytes
        A PNG file.
    """
    figure = Figure(figsize=(4, 0.3 * len(classes) + 0.3))
    patches = [Patch(facecolor=np.array(entry.colour) / 255, label=f"{value}  {entry.name}")
               for entry, value in zip(classes, label_ids)]
    figure.legend(handles=patches, loc="center", frameon=False, handlelength=2.5, handleheight=1.2,
                  fontsize=12)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, bbox_inches="tight")
    return content.getvalue()


def svg(figure):
    """Return the bytes of a figure's SVG file: equal figures give equal files."""
    if figure.get_constrained_layout():
        # The layout's solver gives the last digits of positions at random, and names of clip paths are hashes of them.
        figure.execute_constrained_layout()
        figure.set_constrained_layout(False)
        for axes in figure.axes:
            axes.set_position(np.round(axes.get_position().bounds, 6))
    content = io.BytesIO()
    figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _line_style(curve):
    return "--" if curve.is_control else "-"


def _plot_scores(axes, curve, keys=("classes", "categories"), marker="."):
    for key in keys:
        inside = "white" if curve.is_control else COLOURS[key]
        axes.plot(*curve.series("validation", key), color=COLOURS[key], linestyle=_line_style(curve),
                  linewidth=1.8, marker=marker, markersize=5, markerfacecolor=inside)


def _plot_loss(axes, curve):
    _plot_smoothed(axes, *curve.series("train", "loss"), COLOURS["loss"], _line_style(curve))


def _plot_smoothed(axes, positions, values, colour, style):
    """Plot values faintly and their moving average over a twentieth of them, where they are many."""
    window = max(1, len(values) // 20)
    if window > 1:
        axes.plot(positions, values, color=colour, alpha=0.2, linewidth=0.8)
        kernel = np.ones(window)
        counts = np.convolve(np.ones(len(values)), kernel, "same")
        values = np.convolve(values, kernel, "same") / counts
    axes.plot(positions, values, color=colour, linestyle=style, linewidth=1.6)


def _mark_start(all_axes, curve):
    for axes in all_axes:
        axes.axvline(curve.start, color="#8a949c", linewidth=1, zorder=1)
    all_axes[0].annotate(curve.title, (curve.start, 100), xytext=(4, -2), textcoords="offset points",
                         va="top", color="#5b6770", fontsize=10)


def _legend_of_scores(axes, with_control, keys=("classes", "categories"), **placed):
    for key in keys:
        axes.plot([], [], color=COLOURS[key], linewidth=1.8, label=key)
        if with_control:
            axes.plot([], [], color=COLOURS[key], linewidth=1.8, linestyle="--", label=f"{key}, control")
    axes.legend(**{"loc": "best", **placed})
