"""The general CRF's time and memory as a table, and its targets."""

import statistics

from benchmarks.measuring.neighbourhoods import SMALL
from benchmarks.results.queries import ratio, spread
from benchmarks.results.target import Target
from benchmarks.solvers.methods import UNTIL_CONVERGENCE
from experiments.scoring.text import aligned_table

USUAL = "4"
NOISE = 1.05  # two times that are called equal


def models_table(results):
    """Return the table of neighbourhoods with Potts and with a compatibility.

    Parameters
    ----------
    results : benchmarks.results.queries.Results

    Returns
    -------
    str
        Empty where they were not measured. The usual is Potts with 4 neighbours in the same size.
    """
    if not results.models:
        return ""
    rows = []
    for row in results.models:
        rows.append((f"{row['width']} x {row['height']}, {row['labels']} labels", row["neighbours"],
                     "general" if row["general"] else "Potts", *spread(row["seconds"]),
                     f"{ratio(row, results.model(row['height'], USUAL)):.2f}", f"{row['bytes'] / 2 ** 20:.1f}",
                     f"{row['bytes'] / row['volume_bytes']:.2f}"))
    return aligned_table(("argmin, 15 iterations, 2 threads", "neighbours", "costs", "ms", "range", "times the usual",
                          "MiB", "volumes"), rows)


def neighbourhood_targets(results):
    """List the targets of the general CRF; none where it was not measured.

    Parameters
    ----------
    results : benchmarks.results.queries.Results

    Returns
    -------
    list of benchmarks.results.target.Target
    """
    return (_speed(results) if results.models else []) + [
        target for peers in results.peers for target in _against_peers(peers)]


def _speed(results):
    height = results.models[0]["height"]
    diagonals = results.model(height, "8")
    general = results.model(SMALL["height"], USUAL, general=True)
    return [Target("8 neighbours, Potts: times the usual", ratio(diagonals, results.model(height, USUAL)), 2.5),
            Target("neighbours 4 pixels away: times diagonals", ratio(results.model(height, "4 and 4 pixels away"),
                                                                      diagonals), NOISE),
            Target("general costs, 240 x 180, 11 labels: seconds", statistics.median(general["seconds"]), 0.5),
            Target("general costs: times Potts", ratio(general, results.model(SMALL["height"], USUAL)), 8)]


def _against_peers(peers):
    """With 8 neighbours: DualMM against alpha expansion, and TRW-S as a second opinion on the bound."""
    name, alpha = peers.comparison["problem"], peers.row("alpha expansion", UNTIL_CONVERGENCE, threads=1)
    icm, trws = peers.row("dual_mm icm"), peers.row("TRW-S", 60, threads=1)
    closed = peers.comparison["argmax_energy"]["-p"] - alpha["energy"]
    energies = [row["energy"] for row in peers.rows]
    bounds = [row["lower_bound"] for row in peers.rows if row["lower_bound"] is not None]
    return [Target(f"8 neighbours, {name}: icm above alpha expansion, per cent of what that closes from argmax",
                   100 * (icm["energy"] - alpha["energy"]) / closed, 0.1),
            Target(f"8 neighbours, {name}: alpha expansion takes so many times as long as icm", ratio(alpha, icm), 10,
                   True),
            Target(f"8 neighbours, {name}: least energy above the largest bound", min(energies) - max(bounds), 0, True),
            Target(f"8 neighbours, {name}: per cent by which TRW-S's bound is above the solver's, of what is closed",
                   100 * (trws["lower_bound"] - peers.row("dual_mm icm", 60)["lower_bound"]) / closed, 0.1)]
