"""Metrics, the rows that are scored, official scores, and intervals of differences."""
