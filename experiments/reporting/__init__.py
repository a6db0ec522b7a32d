"""Curves, plots and pictures of the report."""
