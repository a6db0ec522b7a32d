"""Targets of the solver, held against what was measured."""

from benchmarks.measuring.problem import FRAME
from benchmarks.results.accuracy_targets import accuracy_targets
from benchmarks.results.neighbourhoods import neighbourhood_targets
from benchmarks.results.queries import ratio
from benchmarks.results.target import Target
from benchmarks.solvers.methods import UNTIL_CONVERGENCE

# Of half.npz with the paper's weights: energies that bounds have met, TRW-S's (-p) and DualMM's (-log p).
OPTIMA = {"-p": -470109.811, "-log p": 82039.885}
SOLVING = 200  # iterations


def targets(results):
    """List the targets that the results have values for.

    Parameters
    ----------
    results : benchmarks.results.queries.Results

    Returns
    -------
    list of Target
    """
    listed = accuracy_targets(results.accuracy) + neighbourhood_targets(results)
    if results.comparison:
        listed += _times(results) + _labels(results) + _memory(results)
        listed += _known_optimum(results) if results.comparison["problem"].startswith(FRAME) else []
    return listed


def _times(results):
    argmin, argmin_alone = results.row("dual_mm argmin"), results.row("dual_mm argmin", threads=1)
    alpha = results.row("alpha expansion", UNTIL_CONVERGENCE, threads=1)
    return [
        Target("argmin, 2 threads: times the memory floor, a triad", results.floors(argmin), 2.5),
        Target("alpha expansion to convergence takes so many times as long as argmin", ratio(alpha, argmin), 20, True),
        Target("icm takes so many times as long as argmin", ratio(results.row("dual_mm icm"), argmin), 1.5),
        Target("ssvm takes so many times as long as dual_mm", ratio(results.row("ssvm"), argmin), 1.3),
        Target("argmin: 2 threads are so many times faster than 1", ratio(argmin_alone, argmin), 1.7, True)]


def _labels(results):
    different = sum(len({results.row(name, threads=threads)["labels"] for threads in (1, 2, 4)}) - 1
                    for name in ("dual_mm argmin", "dual_mm icm"))
    shares = [Target(f"icm, {kind}: per cent of the way from argmax to the best bound",
                     100 * results.closed(results.row("dual_mm icm", kind=kind)), limit, True)
              for kind, limit in (("-p", 99.75), ("-log p", 99.98))]
    solved = []
    for kind in OPTIMA:
        row = results.row("dual_mm icm", SOLVING, kind=kind)
        solved.append(Target(f"icm, {kind}, {SOLVING} iterations: energy above the bound",
                             row["energy"] - row["lower_bound"], 1.0))
    return shares + solved + [Target("labellings that differ over 1, 2 and 4 threads", different, 0)]


def _memory(results):
    return [Target(f"{name}: volumes of extra memory", results.volumes(name), 3)
            for name in ("dual_mm argmin", "dual_mm icm") if results.volumes(name) is not None]


def _known_optimum(results):
    argmin = results.row("dual_mm argmin")
    listed = [Target("argmin, -p: lower bound", argmin["lower_bound"], -470131.8, True),
              Target("argmin, -p: energy", argmin["energy"], -469640)]
    for kind, optimum in OPTIMA.items():
        row = results.row("dual_mm icm", SOLVING, kind=kind)
        listed += [Target(f"icm, {kind}, {SOLVING} iterations: {name} is off the optimum by", abs(value - optimum), 0.5)
                   for name, value in (("energy", row["energy"]), ("bound", row["lower_bound"]))]
    return listed
