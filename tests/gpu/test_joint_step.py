"""An iteration of stage 4, CNN and CRF jointly, with Caffe and Theano on a GPU against both on the processor.

Where `make test-gpu` names no GPU, Theano runs on OpenCL, and Caffe on the processor both times.
"""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.experiments.tiny_experiment import STAGE, make_experiment
from tests.gpu.nets import difference
from tests.opencl import run_on_device


@pytest.fixture
def build(tmp_path, make_dataset):
    # Without dropout, whose random numbers are the device's own, and by SGD: Adam would make the least gradient large.
    _, build = make_experiment(tmp_path, make_dataset, net=dict(width=1 / 8, padding="same", dropout=0.0),
                               stage4=dict(STAGE, type="SGD", weight_decay=0))
    return build


def step_on_the_processor(build, output):
    flags = re.sub(r"\bdevice=\w+,?", "", os.environ.get("THEANO_FLAGS", ""))
    done = subprocess.run([sys.executable, "-m", "tests.gpu.joint_step", str(build), str(output)], text=True,
                          env={**os.environ, "DEVICE": "cpu", "THEANO_FLAGS": flags},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    assert "Caffe on the processor" in done.stdout
    return np.load(output)


def test_a_step_is_the_processors(build, tmp_path):
    status, said = run_on_device("-m", "tests.gpu.joint_step", build, tmp_path / "device.npz")
    assert status == 0, said
    if os.environ.get("TEST_DEVICE", "").startswith("cuda"):
        assert f"Caffe on GPU {os.environ['TEST_DEVICE'][4:]}" in said
    on_device, expected = np.load(tmp_path / "device.npz"), step_on_the_processor(build, tmp_path / "processor.npz")
    assert sorted(on_device) == sorted(expected) and len(expected) > 35
    assert on_device["loss"] == pytest.approx(expected["loss"], rel=1e-4) and expected["loss"] > 0
    assert difference(on_device["unary"], expected["unary"]) < 1e-4
    assert difference(on_device["weights"], expected["weights"]) < 1e-4
    # one label of a thousand may fall otherwise where two are as good, and with it a pixel's gradient
    assert np.mean(on_device["unary_gradient"] != expected["unary_gradient"]) < 2e-3
    changed = [name for name in expected if expected[name].any() and name not in ("loss", "unary", "weights")]
    assert len(changed) > 30
    for name in changed:
        assert difference(on_device[name], expected[name]) < 0.05, name
