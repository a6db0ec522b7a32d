"""Peak memory of a method beyond its input."""

import re
from pathlib import Path

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.problem import Source

# Small and of another shape: loads the code that the method needs, but not its memory.
TRIAL = Source(height=24, width=40, labels=3)


def peak_extra_bytes(source, method):
    """Run a method once in a fresh process and return the most by which the process grew.

    Parameters
    ----------
    source : benchmarks.measuring.problem.Source
    method : benchmarks.solvers.methods.Method

    Returns
    -------
    int
        Bytes of the largest resident set, less those resident before the method prepared anything: its input, the
        problem with its unary costs, does not count; what it prepares, such as a graph, does.
    """
    return in_fresh_process(_grown, source, method)


def _grown(source, method):
    method.on(TRIAL._replace(neighbours=source.neighbours, general=source.general).load())()
    problem = source.load()
    problem.unary(method.kind)
    before = forget_peak()
    method.on(problem)()
    return peak() - before


def forget_peak():
    """Set the peak to the memory that is resident now, and return that, in bytes.

    The peak of getrusage would not do: it begins with that of the process that started this one.
    """
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak():
    """Return the largest resident set of this process since `forget_peak`, in bytes."""
    return _status("VmHWM")


def _status(entry):
    return 1024 * int(re.search(rf"^{entry}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.M).group(1))
