"""Benchmarks of the solver, of training steps and of scaling; nothing but tests imports them."""
