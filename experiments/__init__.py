"""Experiments: train in stages, evaluate, predict, report."""

import os

from experiments.floating_point import flush_denormals

os.environ.setdefault("GLOG_minloglevel", "2")  # before Caffe is imported: it would print each layer of each net
# Theano imports mpi4py, which starts MPI; a library that it tries and unloads again would leave handlers behind that
# end the process by SIGSEGV at SIGINT.
os.environ.setdefault("OMPI_MCA_pml", "ob1")
flush_denormals()  # before NumPy is imported
