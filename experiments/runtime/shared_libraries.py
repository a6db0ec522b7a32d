"""Shared libraries: one loaded by its name, and the names of those that this process has loaded."""

import ctypes
import os


def load_library(name):
    """Return the shared library, None where there is none."""
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


def mapped_libraries(path="/proc/self/maps"):
    """Return the file names of the shared libraries that this process has loaded."""
    with open(path) as maps:
        return {os.path.basename(line.split()[-1]) for line in maps if ".so" in line}
