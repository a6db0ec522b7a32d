"""The table of fuzz targets: what is fed with bytes, and with how many inputs."""

import importlib
from typing import NamedTuple


class Target(NamedTuple):
    """A target: `check_<name>(data)` and `seeds_<name>()` of a module of this folder."""

    module: str
    inputs: int


# Those that take longest begin: they run side by side. Behind each: inputs a second of processor time, roughly.
TARGETS = {
    "lmdb": Target("lmdbs", 8000),                # 35; data.mdb: each input is read in a process of its own, too
    "solver": Target("solver", 120000),           # 500; theano_crf's functions
    "settings": Target("settings", 100000),       # 700; what YAML text may hold
    "png": Target("images", 120000),              # 1,500
    "configuration": Target("settings", 30000),   # 800; YAML text: PyYAML is Python
    "caffemodel": Target("weights", 100000),      # 6,000
    "description": Target("lmdbs", 150000),       # 12,000; dataset.json
    "record": Target("lmdbs", 500000),            # 100,000
}


def load(name):
    """(check, seeds) of a target; imports what it checks."""
    module = importlib.import_module(f"tests.fuzz.{TARGETS[name].module}")
    return getattr(module, f"check_{name}"), getattr(module, f"seeds_{name}")


def outcome(call, *allowed):
    """Return the result of `call`, None where it raises one of the `allowed` exceptions itself, in one line."""
    try:
        return call()
    except allowed as error:
        assert type(error) in allowed, f"{type(error).__name__} is not {allowed}: {error}"
        text = str(error)
        assert text and len(text.splitlines()) == 1, f"not one line: {text!r}"
        return None
