"""Timings and memory, each part measured in turn."""
