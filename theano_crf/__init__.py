"""Conditional random fields on the image grid in Theano: energies, DualMM inference, structured SVM learning.

:func:`contrast_weights`, :func:`energy`, :func:`dual_mm` and :func:`ssvm` take and return NumPy arrays.
:mod:`theano_crf.graph` builds the same as symbolic graphs. Where Theano's device is a GPU, all of it runs there
(:mod:`theano_crf.gpu`).

Theano is imported when the first of these names is used (PEP 562): :mod:`theano_crf.defaults` is read without it.
"""
import contextlib
import importlib

with contextlib.suppress(ImportError):
    import mpi4py
    mpi4py.rc.initialize = False  # Theano imports an installed mpi4py, and each process would then start MPI's daemon

_MODULES = {"contrast_weights": "functions", "dual_mm": "functions", "energy": "functions", "ssvm": "functions",
            "Solution": "results", "Structured": "results"}

__all__ = ["Solution", "Structured", "contrast_weights", "dual_mm", "energy", "graph", "ssvm"]


def __getattr__(name):
    if name == "graph":
        return importlib.import_module(".graph", __name__)
    if name not in _MODULES:
        raise AttributeError("module %r has no attribute %r" % (__name__, name))
    return getattr(importlib.import_module("." + _MODULES[name], __name__), name)
