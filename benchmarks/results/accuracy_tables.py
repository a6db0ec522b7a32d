"""Tables of accuracy over time."""

from benchmarks.results.accuracy import SHARES
from experiments.scoring.text import aligned_table


def accuracy_table(accuracy):
    """Return one problem's table: the milliseconds until each method is within each of `SHARES` of the optimum.

    Parameters
    ----------
    accuracy : benchmarks.results.accuracy.Accuracy

    Returns
    -------
    str
    """
    rows = []
    for name in accuracy.names:
        times = [accuracy.time_to(name, share) for share in SHARES]
        bounds = [accuracy.time_to_bound(name, share) for share in SHARES]
        last = [row for row in accuracy.rows if row["name"] == name][-1]
        bound = "-" if last["lower_bound"] is None else f"{last['lower_bound'] - accuracy.least_costs:.1f}"
        rows.append((name, *map(_milliseconds, [*times, *bounds, accuracy.time_to_proof(name)]),
                     f"{last['energy'] - accuracy.least_costs:.1f}", bound))
    heading = (f"{accuracy.problem}: optimum {accuracy.optimum:.1f}, which is {accuracy.height:.1f} above the sum of "
               f"the least unary costs;\n{'ms of one thread' if accuracy.processor_time else 'ms'} until energy and "
               "bound are within a share of that, and until the bound proves the energy to 0.01 %")
    shares = [f"{100 * share:g} %" for share in SHARES]
    header = ("method", *shares, *(f"bound {share}" for share in shares), "proof", "last energy", "last bound")
    return f"{heading}\n\n{aligned_table(header, rows)}"


def _milliseconds(seconds):
    return "-" if seconds is None else f"{1e3 * seconds:.1f}"
