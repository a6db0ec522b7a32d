"""Experiments: train in stages, evaluate, predict, report."""

import os

from experiments.floating_point import flush_denormals
from experiments.machine import share_machine

os.environ.setdefault("GLOG_minloglevel", "2")  # before Caffe is imported: it would print each layer of each net
flush_denormals()  # these two before NumPy is imported
share_machine(os.environ)
