"""The memory floor: the time that the half steps' traffic alone takes, measured by a triad."""

import ctypes
import hashlib
import os
import subprocess
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("triad.cpp")
LINE = 64  # bytes of a cache line
ARRAYS = 3  # two volumes read, one written


class MemoryFloor:
    """Two volumes, and the passes over them that an inference makes.

    Parameters
    ----------
    values : int
        Number of values of one volume, N K H W.
    folder : path
        Where the compiled triad is kept.

    Raises
    ------
    RuntimeError
        If the triad cannot be compiled.

    Attributes
    ----------
    unary, withheld : (values,) float32
    """

    def __init__(self, values, folder):
        self._triad = _compiled(Path(folder)).triad
        self.unary, self.withheld = _aligned(values), _aligned(values)

    def run(self, half_steps):
        """Pass over the volumes once for each half step, withheld = unary - withheld / 2, with OpenMP's threads."""
        for _ in range(half_steps):
            self._triad(_address(self.unary), _address(self.withheld), ctypes.c_long(self.unary.size))

    def traffic(self, half_steps):
        """Bytes that `run` moves."""
        return ARRAYS * self.unary.nbytes * half_steps


def _aligned(values):
    memory = np.empty(values * 4 + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    array = memory[start:start + 4 * values].view(np.float32)
    array[:] = 0  # have the system provide the pages
    return array


def _address(array):
    return ctypes.c_void_p(array.ctypes.data)


def _compiled(folder):
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    library = folder / f"triad-{digest}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".triad-{os.getpid()}.so"
        command = ["g++", "-O3", "-march=native", "-fopenmp", "-shared", "-fPIC", "-o", str(temporary), str(SOURCE)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise RuntimeError(f"The memory floor's triad could not be compiled ({error}); g++ is needed.") from None
        os.replace(temporary, library)
    return ctypes.CDLL(str(library))
