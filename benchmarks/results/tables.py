"""Results of the solver's benchmark as text."""

import statistics

from benchmarks.results.accuracy_tables import accuracy_table
from benchmarks.results.neighbourhoods import models_table
from benchmarks.results.queries import spread
from benchmarks.results.targets import targets
from benchmarks.solvers.methods import UNTIL_CONVERGENCE
from experiments.scoring.text import aligned_table


def report(results):
    """Return all tables, one below the other.

    Parameters
    ----------
    results : benchmarks.results.queries.Results

    Returns
    -------
    str
    """
    parts = [_heading(results), _comparison(results), *map(accuracy_table, results.accuracy),
             models_table(results), *map(_peers, results.peers), _memory(results), _growth(results), _compile(results),
             _training_step(results), _targets(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heading(results):
    comparison = results.comparison
    if not comparison:
        return ""
    rounds = len(comparison["floors"][0]["seconds"])
    rows = [(f"{'triad in place' if floor['in_place'] else 'triad'}, threads {floor['threads']}",
             *spread(floor["seconds"]), f"{floor['traffic'] / statistics.median(floor['seconds']) / 1e9:.1f}")
            for floor in comparison["floors"]]
    return (f"{comparison['problem']}; medians of {rounds} rounds, all methods in turns\n\n"
            + aligned_table(("memory floor of 15 iterations", "ms", "range", "GB/s"), rows))


def _comparison(results):
    if not results.comparison:
        return ""
    rows = []
    for row in results.rows:
        effort = "converged" if row["effort"] == UNTIL_CONVERGENCE else str(row["effort"])
        floors = results.floors(row)
        bound = "-" if row["lower_bound"] is None else f"{row['lower_bound']:.2f}"
        rows.append((row["name"], row["kind"], effort, str(row["threads"]), *spread(row["seconds"]),
                     "-" if floors is None else f"{floors:.2f}", f"{row['energy']:.2f}", bound,
                     f"{100 * results.closed(row):.3f}"))
    return aligned_table(("method", "unary", "iterations", "threads", "ms", "range", "floors", "energy", "bound",
                          "closed %"), rows)


def _peers(results):
    return f"8 neighbours: {results.comparison['problem']}\n\n{_comparison(results)}"


def _memory(results):
    if not results.memory:
        return ""
    rows = [(name, f"{size / 2 ** 20:.0f}", "-" if results.volumes(name) is None else f"{results.volumes(name):.2f}")
            for name, size in results.memory.items()]
    return aligned_table(("peak memory beyond the input", "MiB", "volumes"), rows)


def _growth(results):
    if not results.growth:
        return ""
    rows = [(f"{row['width']} x {row['height']}, {row['labels']} labels", *spread(row["seconds"]),
             f"{row['nanoseconds']:.3f}") for row in results.growth]
    return aligned_table(("argmin, 15 iterations, 2 threads", "ms", "range", "ns per pixel, label and iteration"), rows)


def _compile(results):
    if not results.compile:
        return ""
    rows = [(name, *spread(seconds, 1)) for name, seconds in results.compile.items()]
    return aligned_table(("until the first result of a process", "s", "range"), rows)


def _training_step(results):
    step = results.training_step
    if not step:
        return ""
    share = 100 * statistics.median(crf / whole for crf, whole in zip(step["crf"], step["step"]))
    whole, crf = statistics.median(step["step"]), statistics.median(step["crf"])
    return (f"a joint training step of FCN-8s: {whole:.2f} s, of which the CRF {crf:.3f} s, {share:.2f} %; "
            f"peak memory {step['peak_bytes'] / 2 ** 30:.1f} GiB")


def _targets(results):
    rows = [(target.text, f"{target.value:.3f}", f"{'at least' if target.at_least else 'at most'} {target.limit:.8g}",
             "met" if target.met else "MISSED") for target in targets(results)]
    return aligned_table(("target", "measured", "allowed", ""), rows)
