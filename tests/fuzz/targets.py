"""The table of fuzz targets: what is fed with bytes, and with how many inputs."""

import importlib
from typing import NamedTuple


class Target(NamedTuple):
    """A target: `check_<name>(data)` and `seeds_<name>()` of a module of this folder."""

    module: str
    inputs: int


TARGETS = {
    "configuration": Target("settings", 15000),   # YAML text: slow, PyYAML is Python
    "settings": Target("settings", 150000),       # what YAML text may hold
    "description": Target("lmdbs", 150000),       # dataset.json
    "record": Target("lmdbs", 400000),
    "lmdb": Target("lmdbs", 5000),                # data.mdb: each input is read in a process of its own, too
    "png": Target("images", 120000),
    "caffemodel": Target("weights", 20000),
    "solver": Target("solver", 200000),           # theano_crf's functions
}


def load(name):
    """(check, seeds) of a target; imports what it checks."""
    module = importlib.import_module(f"tests.fuzz.{TARGETS[name].module}")
    return getattr(module, f"check_{name}"), getattr(module, f"seeds_{name}")


def outcome(call, *allowed):
    """What `call` returns; None where it raises just one of the `allowed` exceptions, with a sentence on one line."""
    try:
        return call()
    except allowed as error:
        assert type(error) in allowed, f"{type(error).__name__} is not {allowed}: {error}"
        text = str(error)
        assert text and len(text.splitlines()) == 1, f"not one line: {text!r}"
        return None
