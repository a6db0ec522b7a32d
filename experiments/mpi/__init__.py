"""Several processes on one task: sums, gradients, shared batches."""
