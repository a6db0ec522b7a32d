"""Experiments: train in stages, evaluate, predict, report."""

import os

os.environ.setdefault("GLOG_minloglevel", "2")  # before Caffe is imported: it would print each layer of each net
