"""Experiments: train in stages, evaluate, predict, report."""
