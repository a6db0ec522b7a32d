"""Grid searches on a tiny net, for the tests of one process and of several."""

import json

import yaml

from experiments import grid_search

GRID = {"alpha": [5, 35], "lam": [0, 0.4], "iterations": [2]}


def set_grid(build, key="grid", **grid):
    """Write the values to try into the configuration."""
    values = yaml.safe_load(build.config.read_text())
    build.config.write_text(yaml.safe_dump({**values, key: grid}))


def words(build, *options):
    """Return the command line's words after the module."""
    return ["--config", str(build.config), "--build", str(build.folder), *options]


def search(build, command, *options):
    """Search on one process and return the results."""
    status, _, error = command(grid_search.main, *words(build, *options))
    assert status == 0, error
    return read(build, "dense-grid-search" if "dense" in options else "grid-search")


def read(build, name="grid-search"):
    """Return the results that the last search of this name wrote."""
    return json.loads((build.folder / f"{name}-val.json").read_text())
