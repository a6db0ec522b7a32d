"""C++ of the benchmark's own, compiled for this machine when it is first needed."""

import ctypes
import subprocess
from pathlib import Path

import numpy as np

from data_prep.atomic_files import replacement
from data_prep.digests import file_digest

LINE = 64  # bytes of a cache line
FLAGS = ("-O3", "-march=native", "-fopenmp", "-shared", "-fPIC")


def compiled(source, folder):
    """Load a C++ file as a library, compiled unless the folder holds it already.

    Parameters
    ----------
    source : path
    folder : path
        Keeps the library, under a name that tells what it was compiled from.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    RuntimeError
        If it cannot be compiled.
    """
    source, folder = Path(source), Path(folder)
    library = folder / f"{source.stem}-{file_digest(source)[:12]}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with replacement(library) as temporary:
            _compile(source, temporary)
    return ctypes.CDLL(str(library))


def _compile(source, library):
    try:
        subprocess.run(["g++", *FLAGS, "-o", str(library), str(source)], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RuntimeError(f"{source.name} could not be compiled ({error}); g++ is needed.") from None


def address(array):
    """Return where a C-contiguous array lies, as an argument for a library; None is a null pointer."""
    if array is None:
        return None
    if not array.flags.c_contiguous:
        raise ValueError("An array that is not contiguous cannot be passed; copy it with numpy.ascontiguousarray.")
    return ctypes.c_void_p(array.ctypes.data)


def aligned(shape, value):
    """Return a float32 array of a shape that begins at a cache line, full of a value: its pages are provided."""
    values = int(np.prod(shape))
    memory = np.empty(4 * values + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    array = memory[start:start + 4 * values].view(np.float32).reshape(shape)
    array[...] = value
    return array
