"""Nets: their definitions on disk, weights, checks, memory and inference."""
