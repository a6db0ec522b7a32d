"""Conditional random fields on the image grid in Theano: energies, DualMM inference, structured SVM learning.

NumPy in and out: :func:`contrast_weights`, :func:`energy`, :func:`dual_mm`, :func:`ssvm`. The same as
symbolic graphs, for graphs of one's own: :mod:`theano_crf.graph`.
"""
from . import graph
from .functions import contrast_weights, dual_mm, energy, ssvm
from .results import Solution, Structured

__all__ = ["Solution", "Structured", "contrast_weights", "dual_mm", "energy", "graph", "ssvm"]
