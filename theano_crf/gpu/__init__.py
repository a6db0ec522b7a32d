"""DualMM and the structured SVM on Theano's GPU, CUDA or OpenCL.

With ``THEANO_FLAGS=device=cuda0`` (or ``opencl0:0``) Theano replaces the Ops of :mod:`theano_crf.ops` by those of this
package. Arrays stay on the device between them. Decodings other than "argmin" run on the CPU, with transfers around
them.
"""
from . import optimisations  # noqa: F401  registers the replacements with Theano
