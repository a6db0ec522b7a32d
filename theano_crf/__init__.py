"""Conditional random fields on the image grid in Theano: energies, DualMM inference, structured SVM learning.

NumPy in and out: :func:`contrast_weights`, :func:`energy`, :func:`dual_mm`, :func:`ssvm`. The same as
symbolic graphs, for graphs of one's own: :mod:`theano_crf.graph`. Where Theano's device is a GPU, all of it runs there
(:mod:`theano_crf.gpu`).
"""
import contextlib
import sys

with contextlib.suppress(ImportError):
    import mpi4py
    mpi4py.rc.initialize = False  # Theano imports it where it is there, and each process would start MPI's daemon

from . import graph  # noqa: E402
from .functions import contrast_weights, dual_mm, energy, ssvm  # noqa: E402
from .results import Solution, Structured  # noqa: E402

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):  # by Theano's flags: device=cuda0
    from . import gpu  # noqa: F401

__all__ = ["Solution", "Structured", "contrast_weights", "dual_mm", "energy", "graph", "ssvm"]
