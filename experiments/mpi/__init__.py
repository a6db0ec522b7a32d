"""Processes that work on one thing together: sums, gradients, shared batches."""
