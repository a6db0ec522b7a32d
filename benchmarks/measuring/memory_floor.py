"""The memory floor: the time that the half steps' traffic alone takes, measured by a triad."""

import ctypes
from pathlib import Path

from benchmarks.measuring.compiled import address, aligned, compiled

SOURCE = Path(__file__).with_name("triad.cpp")
ARRAYS = 3


class MemoryFloor:
    """The traffic of an inference without its arithmetic: passes over volumes.

    Parameters
    ----------
    values : int
        Number of values of one volume, N K H W.
    folder : path
        Keeps the compiled triad.

    Raises
    ------
    RuntimeError
        If the triad cannot be compiled.

    Attributes
    ----------
    first, second, out : (values,) float32
    """

    def __init__(self, values, folder):
        self._triad = compiled(SOURCE, folder).triad
        self.first, self.second, self.out = (aligned(values, 0) for _ in range(3))

    def run(self, half_steps, in_place=False):
        """Pass over the volumes once for each half step, out = first - second / 2, with OpenMP's threads.

        In place, `second` takes the place of `out`. That is what DualMM does; between three arrays, as STREAM measures
        it, the processor reads the third as well before it is written.
        """
        out = self.second if in_place else self.out
        for _ in range(half_steps):
            self._triad(address(self.first), address(self.second), address(out), ctypes.c_long(out.size))

    def traffic(self, half_steps):
        """Return the bytes that `run` reads and writes, as STREAM counts them: two volumes read, one written."""
        return ARRAYS * self.out.nbytes * half_steps
