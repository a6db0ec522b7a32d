"""Fuzz targets for the reader of configurations: their text, and the values that a text may hold."""

import json
import math
import os
import re
import tempfile

import atheris
import pydantic
import yaml

from experiments.settings.config import Config, load_config
from prototxt.stages import STAGES
from python_layers.parameters import parse
from tests.fuzz.targets import outcome

FOLDER = tempfile.mkdtemp(prefix="fuzz")
STAGE = {"base_lr": 0.001, "iterations": 4, "validate_every": 2}
SMALLEST = {"dataset": "a", **{f"stage{number}": STAGE for number in (1, 2, 3, 4)}}


def check_configuration(data):
    """Check that any bytes are refused with a sentence, or give good values that survive being written and read."""
    path = os.path.join(FOLDER, "config.yaml")
    with open(path, "wb") as stream:
        stream.write(data)
    config = outcome(lambda: load_config(path), ValueError)
    if config is not None:
        check_values(config)
        with open(path, "w") as stream:
            yaml.safe_dump(json.loads(config.json()), stream)
        assert load_config(path) == config


def seeds_configuration():
    folder = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(__file__))), "experiments", "configs")
    stage = "{base_lr: 1e-3, iterations: 4, validate_every: 2}"
    yield "".join(["dataset: a\n", *(f"stage{number}: {stage}\n" for number in (1, 2, 3, 4))]).encode()
    yield json.dumps({**SMALLEST, "net": {"width": 0.5, "padding": "same"}, "crf": {"decode": "icm"}}).encode()
    yield b"a: &a [1, 2]\nb: *a\nc: !!binary aGVsbG8=\nd: 2001-12-14t21:59:43.10-05:00\n? [1]\n: 0x1f\n"
    with open(os.path.join(folder, "scenes-smoke.yaml"), "rb") as stream:
        yield stream.read()


def check_settings(data):
    """Check the smallest configuration with some keys changed to any values that YAML can hold."""
    provider = atheris.FuzzedDataProvider(data)
    values = {key: dict(value) if isinstance(value, dict) else value for key, value in SMALLEST.items()}
    for _ in range(provider.ConsumeIntInRange(1, 4)):
        section = provider.PickValueInList(["", "net", "crf", "stage1", "stage4"])
        model = Config.__fields__[section].type_ if section else Config
        key = provider.PickValueInList([*model.__fields__, "strange"])
        place = values.setdefault(section, {}) if section else values
        if isinstance(place, dict):
            place[key if provider.ConsumeBool() or section else section or key] = _value(provider)
    config = outcome(lambda: parse(Config, values, "a.yaml"), ValueError)
    if config is not None:
        check_values(config)
        assert parse(Config, json.loads(config.json()), "a.yaml") == config


def seeds_settings():
    for first in range(0, 256, 5):
        yield bytes((first * number + number * number) % 256 for number in range(1, 40))


def _value(provider, depth=2):
    kind = provider.ConsumeIntInRange(0, 9 if depth else 7)
    if kind <= 2:
        return provider.PickValueInList([0, 1, 2, 5, 20, -1, True, False, None, "", "x", "SGD", "icm", "-log p"])
    if kind == 3:
        return provider.ConsumeIntInRange(-2 ** 63, 2 ** 63 - 1)
    if kind == 4:
        return provider.ConsumeFloat()
    if kind == 5:
        return provider.PickValueInList([math.nan, math.inf, -math.inf, -0.0, 0.5, 1.0, 1.5, 1e300, 1e-320, 10 ** 400])
    if kind == 6:
        return provider.ConsumeUnicode(8)
    if kind == 7:
        return provider.ConsumeBytes(8)
    items = [_value(provider, depth - 1) for _ in range(provider.ConsumeIntInRange(0, 3))]
    return items if kind == 8 else {provider.PickValueInList(["width", "lam", "a\nb", 1, None]): item for item in items}


def check_values(config):
    """Assert the bounds that the code behind the reader relies on, written independently of it."""
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", config.dataset), config.dataset
    for model in (config, config.net, config.crf, *map(config.stage, STAGES)):
        for name, value in model:
            if isinstance(value, (int, float)):
                assert 0 <= value <= (1e30 if type(value) is float else 2 ** 31 - 1), (name, value)
            assert isinstance(value, (pydantic.BaseModel, int, float, str, tuple, type(None))), (name, value)
    assert config.net.dropout < 1 and config.net.width > 0 and config.crf.iterations >= 1
    for stage in map(config.stage, STAGES):
        assert type(stage.iterations) is int and min(stage.iterations, stage.batch, stage.validate_every) >= 1
        assert list(stage.steps) == sorted(set(stage.steps)) and all(type(step) is int and step >= 1
                                                                     for step in stage.steps)
        assert stage.base_lr > 0 and stage.momentum < 1 and type(stage.mirror) is bool
