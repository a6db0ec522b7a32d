"""Experiments: train in stages, evaluate, predict, report."""

import os

from experiments.floating_point import flush_denormals

os.environ.setdefault("GLOG_minloglevel", "2")  # before Caffe is imported: it would print each layer of each net
flush_denormals()  # before NumPy is imported
