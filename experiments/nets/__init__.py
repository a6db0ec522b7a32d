"""Nets as they are used: definitions on disk, weights, checks, memory, inference."""
