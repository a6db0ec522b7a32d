"""Reading settings and scores needs neither Caffe nor Theano, and importing a module changes nothing of its process."""

import platform
import subprocess
import sys

import pytest

LIGHT = ["data_prep.store.metadata", "experiments.settings.config", "experiments.settings.build_paths",
         "experiments.scoring.metrics", "experiments.scoring.bootstrap", "experiments.scoring.text",
         "experiments.scoring.result_rows", "experiments.runtime.command_line", "prototxt.stages", "prototxt.unary",
         "python_layers.parameters", "theano_crf.defaults", "theano_crf.neighbourhood"]
COMMANDS = [f"experiments.{name}" for name in (
    "train", "evaluate", "official_evaluation", "submission", "predict", "report", "grid_search", "generate_nets",
    "parallel", "check_environment")]
PROGRAM = """
import os, sys
before = dict(os.environ)
{imports}
print(sorted(set(sys.modules) & {{"caffe", "theano"}}), dict(os.environ) == before)
import numpy as np
print(np.float32(1e-30) * np.float32(1e-10) > 0)
"""


def run(modules):
    program = PROGRAM.format(imports="\n".join(f"import {module}" for module in modules))
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("module", LIGHT)
def test_neither_caffe_nor_theano_is_loaded(module):
    assert run([module])[0] == "[] True"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere nothing could flush denormal numbers")
def test_importing_the_commands_leaves_environment_and_floating_point_alone():
    loaded, denormals = run(COMMANDS)
    assert loaded.endswith(" True") and denormals == "True"
