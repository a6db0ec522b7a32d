"""The table of fuzz targets, with their numbers of inputs."""

import importlib
from typing import NamedTuple


class Target(NamedTuple):
    """A target: `check_<name>(data)` and `seeds_<name>()` of a module of this folder."""

    module: str
    inputs: int


# Targets run side by side, so the longest come first. The comments start with the inputs per second of processor time.
TARGETS = {
    "lmdb": Target("lmdbs", 8000),                # 35; data.mdb, each input read in a process of its own first
    "solver": Target("solver", 120000),           # 500; theano_crf's functions
    "general_solver": Target("general_solver", 60000),  # 300; the same with neighbours and compatibilities
    "settings": Target("settings", 100000),       # 700; values that YAML text may hold
    "png": Target("images", 120000),              # 1,500
    "configuration": Target("settings", 30000),   # 800; YAML text, slow since PyYAML is Python
    "caffemodel": Target("weights", 100000),      # 6,000
    "description": Target("lmdbs", 150000),       # 12,000; dataset.json
    "record": Target("lmdbs", 500000),            # 100,000
}


def load(name):
    """Return (check, seeds) of a target; imports the code that it checks."""
    module = importlib.import_module(f"tests.fuzz.{TARGETS[name].module}")
    return getattr(module, f"check_{name}"), getattr(module, f"seeds_{name}")


def outcome(call, *allowed):
    """Return the result of `call`, or None if it raises one of the `allowed` exceptions.

    An exception of a subclass, or a message that is not one line, is a failure.
    """
    try:
        return call()
    except allowed as error:
        assert type(error) in allowed, f"{type(error).__name__} is not {allowed}: {error}"
        text = str(error)
        assert text and len(text.splitlines()) == 1, f"not one line: {text!r}"
        return None
