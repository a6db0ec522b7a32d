"""DualMM and the structured SVM on Theano's GPU, CUDA or OpenCL.

With ``THEANO_FLAGS=device=cuda0`` (or ``opencl0:0``) Theano moves the Ops of :mod:`theano_crf.ops` here by itself, and
between them arrays stay on the device. Decodings other than "argmin" stay on the CPU, with transfers around them.
"""
from . import optimisations  # noqa: F401  registers what moves the Ops
