"""Metrics, the rows that are scored, and intervals of differences."""
