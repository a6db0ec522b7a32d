"""Podman, with root and without."""
