"""Benchmarks of the solver, of training steps and of scaling; nothing else imports them."""
