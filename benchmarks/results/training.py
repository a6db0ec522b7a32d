"""Results of benchmarks.training as text."""

import statistics

from experiments.scoring.text import aligned_table

HEADER = ("dataset", "stage", "who", "processes", "s per iteration", "fastest")


def table(measured):
    """Return a table, a row per way to train.

    Parameters
    ----------
    measured : dict of (str, str) to dict of str to list of (int, float)
        By dataset and stage, then by who trained: processes and the median seconds of an iteration, one per round. The
        last is whom the others are compared with, round by round, the same for each.
    """
    rows, compared = [], list(next(iter(measured.values())))[-1]
    for (dataset, stage), by_who in measured.items():
        reference = list(by_who.values())[-1]
        for who, rounds in by_who.items():
            seconds = [second for _, second in rounds]
            ratio = statistics.median(mine / theirs for mine, (_, theirs) in zip(seconds, reference))
            rows.append((dataset, stage, who, str(rounds[0][0]), f"{statistics.median(seconds):.3f}",
                         f"{min(seconds):.3f}", f"{ratio:.2f}"))
    return aligned_table((*HEADER, f"times {compared}'s"), rows)
