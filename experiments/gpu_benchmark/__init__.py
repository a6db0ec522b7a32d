"""The parts of experiments.benchmark_gpu."""
