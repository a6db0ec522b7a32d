"""The command line of training."""

import subprocess
import sys

import pytest
import yaml

from experiments.train import main
from prototxt.stages import STAGES
from tests.experiments.tiny_experiment import CONFIG, STAGE


@pytest.mark.parametrize("name, number", [*((stage, stage) for stage in STAGES), ("stage3", "3")])
def test_a_stage_is_named_or_numbered(experiment, tmp_path, command, name, number):
    _, build = experiment
    (build / name / "final.caffemodel").write_bytes(b"weights")
    status, output, _ = command(main, "--config", tmp_path / "tiny.yaml", "--build", build, "--stage", number)
    assert status == 0 and f"{name}: " in output and "nothing to do" in output


@pytest.mark.parametrize("change, words", [
    (dict(stages=1), "stages"), (dict(crf=dict(lamda=1)), "crf.lamda"), (dict(seed=-1), "seed"),
    (dict(stage1=dict(STAGE, base_lr=0)), "base_lr"), (dict(initial_weights="vgg16.caffemodel"), "width 1 alone")])
def test_wrong_configurations_are_one_sentence(tmp_path, change, words):
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, **change}))
    run = subprocess.run([sys.executable, "-m", "experiments.train", "--config", str(path), "--stage", "1"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert run.returncode == 1 and run.stdout == ""
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1 and words in run.stderr
