"""Results of benchmarks.scaling as text, and their projection to GPUs."""

from benchmarks.results.growing_table import growing_table
from experiments.scoring.text import aligned_table

MEASURED = ("processes", "s per iteration", "s of it sums", "share %", "MB summed")
PROJECTED = ("GPUs", "s of sums", "share %, nothing overlapped")
GPUS = (8, 64)
MEGABYTE, GIGABYTE = 1e6, 1e9


def table_lines(measured):
    """Yield the header, then a line per measurement as it is made.

    Parameters
    ----------
    measured : iterable of dict
        See `benchmarks.measuring.shared_iterations.time_iterations`.
    """
    return growing_table(MEASURED, (
        (str(one["processes"]), f"{one['seconds']:.4f}", f"{one['communication']:.4f}",
         f"{100 * one['communication'] / one['seconds']:.1f}", f"{one['bytes'] / MEGABYTE:.2f}") for one in measured))


def projection(gradients, bandwidth, computation):
    """Say in a sentence what is assumed, then in a table what sums on GPUs would take.

    Parameters
    ----------
    gradients : int
        Bytes.
    bandwidth : float
        GB/s per link.
    computation : float
        Seconds per iteration.

    Returns
    -------
    str
    """
    rows = []
    for gpus in GPUS:
        seconds = ring_seconds(gradients, gpus, GIGABYTE * bandwidth)
        rows.append((str(gpus), f"{seconds:.3f}", f"{100 * seconds / (seconds + computation):.0f}"))
    return (f"{gradients / MEGABYTE:.0f} MB of gradients; assumed are {bandwidth:g} GB/s per link and "
            f"{computation:g} s of computation\n\n{aligned_table(PROJECTED, rows)}")


def ring_seconds(size, processes, bandwidth):
    """Return the seconds that a ring takes to sum `size` bytes over processes, with `bandwidth` bytes/s per link.

    Each link carries every part of the sum twice, but for the parts of its own end: once to add up, once to hand out.
    """
    return 2 * (processes - 1) / processes * size / bandwidth
