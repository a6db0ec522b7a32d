"""The README holds: its targets exist, its Python runs, its links and modules are there."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text()
CODE = re.findall(r"```(\w+)\n(.*?)```|`([^`\n]+)`", README, re.S)
COMMANDS = [block or inline for _, block, inline in CODE]


def test_every_target_is_in_the_makefile():
    targets = set(re.findall(r"^([a-z][a-z0-9-]*):", (REPOSITORY / "Makefile").read_text(), re.M))
    named = {word for command in COMMANDS for line in command.splitlines() if line.startswith("make ")
             for word in line.split("#")[0].split()[1:] if "=" not in word}
    assert named and named <= targets


def test_every_module_can_be_found():
    modules = {name for command in COMMANDS for name in re.findall(r"python3 -m ([\w.]+)", command)}
    assert modules and all(importlib.util.find_spec(name) for name in modules)


def test_every_link_leads_to_a_file():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links and all((REPOSITORY / link).exists() for link in links)


@pytest.mark.parametrize("code", [block for language, block, _ in CODE if language == "python"])
def test_the_python_runs(code):
    generator = np.random.default_rng(0)
    names = {"image": generator.random((1, 3, 8, 9)),
             "probabilities": generator.dirichlet(np.ones(4), (1, 8, 9)).transpose(0, 3, 1, 2),
             "truth": generator.integers(0, 4, (1, 8, 9))}
    exec(compile(code, "README.md", "exec"), names)
    assert names["solution"].labels.shape == (1, 8, 9)
    assert (names["solution"].lower_bound <= names["solution"].energy + 1e-6).all()
    assert names["result"].grad_unary.shape == (1, 4, 8, 9)
