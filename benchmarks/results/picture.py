"""Energy and bound over time, for all methods."""

import io
import statistics

import matplotlib
from matplotlib.figure import Figure

from experiments.reporting.plots import STYLE

LOOKS = {  # colour and marker; DualMM's three decodings in blues
    "dual_mm argmin": ("#7fb2dd", "o"), "dual_mm viterbi": ("#3f83bd", "s"), "dual_mm icm": ("#12395f", "D"),
    "TRW-S": ("#a03c64", "X"), "alpha expansion": ("#d9782d", "^"), "DenseCRF mean field": ("#3c8d5a", "v"),
    "plain NumPy": ("#8a949c", "P")}
KIND = "-p"
THREADS = {name: 2 if name.startswith("dual_mm") else 1 for name in LOOKS}
LEAST_SHARE = 1e-3  # per cent; what is nearer to the optimum is drawn here


def energy_over_time(results):
    """Plot the distances of all methods' energies and bounds from the optimum over time, on logarithmic axes.

    Parameters
    ----------
    results : benchmarks.results.queries.Results

    Returns
    -------
    bytes
        A PNG file.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 6.4), constrained_layout=True)
        energies, bounds = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 2]})
        for name, (colour, marker) in LOOKS.items():
            times, above, below = distances(results, name)
            look = dict(color=colour, marker=marker, linewidth=1.6, markersize=6)
            energies.plot(times, above, label=name, **look)
            if below:
                bounds.plot(times, below, **look)
        _lay_out(energies, bounds, results)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=110)
        return content.getvalue()


def distances(results, name):
    """Return one method's curve.

    Returns
    -------
    times : list of float
        Milliseconds, the medians, by growing effort.
    above, below : list of float
        Distances of the energies above the best bound, and of the bounds below the best energy, in per cent of the
        distance between the argmax's energy and the best bound. `below` is empty for a method without bounds.
    """
    rows = [row for row in results.rows
            if (row["name"], row["threads"], row["kind"]) == (name, THREADS[name], KIND)]
    best_energy = min(row["energy"] for row in results.rows if row["kind"] == KIND)
    best_bound = results.best_bound(KIND)
    whole = results.comparison["argmax_energy"][KIND] - best_bound
    times = [1e3 * statistics.median(row["seconds"]) for row in rows]
    above = [max(100 * (row["energy"] - best_bound) / whole, LEAST_SHARE) for row in rows]
    below = [max(100 * (best_energy - row["lower_bound"]) / whole, LEAST_SHARE)
             for row in rows if row["lower_bound"] is not None]
    return times, above, below


def _lay_out(energies, bounds, results):
    for axes in (energies, bounds):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.grid(which="minor", visible=False)
    bounds.invert_yaxis()
    energies.axhline(100, color="#5b6770", linewidth=1, linestyle=":")
    energies.annotate("energy of the argmax", (1, 100), xycoords=("axes fraction", "data"), xytext=(-2, 3),
                      textcoords="offset points", ha="right", va="bottom", color="#5b6770", fontsize=10)
    energies.set(ylabel="energy above the optimum", title=f"{results.comparison['problem']}, unary {KIND}")
    bounds.set(ylabel="bound below it", xlabel="milliseconds")
    for axes in (energies, bounds):
        axes.yaxis.set_major_formatter(lambda value, position: f"{value:g} %")
        axes.xaxis.set_major_formatter(lambda value, position: f"{value:g}")
    # Below both, where it hides no curve.
    bounds.legend(*energies.get_legend_handles_labels(), loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=4)
