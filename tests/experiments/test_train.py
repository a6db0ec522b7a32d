"""The command line of training."""

import json
import subprocess
import sys

import pytest
import yaml

from experiments.scoring.shown_rows import shown_rows
from experiments.settings.build_paths import Build
from experiments.train import main
from experiments.training.log import read_log
from prototxt.stages import STAGES, stages_before
from tests.experiments.studies.tiny_study import random_weights
from tests.experiments.tiny_experiment import CONFIG, STAGE, make_experiment


@pytest.mark.parametrize("name, number", [*((stage, stage) for stage in STAGES), ("stage3", "3")])
def test_a_stage_is_named_or_numbered(experiment, tmp_path, command, name, number):
    _, build = experiment
    (build / name / "final.caffemodel").write_bytes(b"weights")
    status, output, _ = command(main, "--config", tmp_path / "tiny.yaml", "--build", build, "--stage", number)
    assert status == 0 and f"{name}: " in output and "nothing to do" in output


def test_a_row_trains_what_it_needs(experiment, tmp_path, command):
    _, build = experiment
    for stage in ("stage1", "stage2"):
        (build / stage / "final.caffemodel").write_bytes(b"weights")
    words = "--config", tmp_path / "tiny.yaml", "--build", build, "--row", "joint-icm"
    status, output, errors = command(main, *words)
    assert status == 1 and "stage1: " in output and "nothing to do" in output
    assert "stage2/final.caffemodel" in errors  # made-up weights, from which stage 3 was to start


def test_the_variant_of_a_row_is_trained_from_its_own_nets(experiment, tmp_path, command):
    _, build = experiment
    for stage in ("stage1", "stage2", "stage3"):
        status, _, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", build, "--stage", stage)
        assert status == 0, errors
    status, output, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", build,
                                     "--row", "joint-without-edges")
    assert status == 0, errors
    assert (build / "joint-without-edges" / "final.caffemodel").is_file()
    assert not (build / "stage4" / "log.jsonl").exists()
    assert "lam=2.5" in output and "in the loss {'lam': 0}" in output
    assert [row.key for row in shown_rows(build)] == ["joint-without-edges"]
    assert '"lam": 0' in (build / "nets" / "joint-without-edges" / "train.prototxt").read_text().replace("\\", "")


@pytest.mark.parametrize("row, layer", [("lovasz", "LovaszLoss"), ("scratch", "SSVMLoss"), ("joint-iou", "iou")])
def test_rows_of_other_losses_are_trained_and_caffe_takes_their_solver(experiment, tmp_path, command, row, layer):
    _, build = experiment
    for number, stage in enumerate(stages_before(row)):
        random_weights(Build(build), stage, number)
    status, output, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", build, "--row", row)
    assert status == 0, errors
    assert (build / row / "final.caffemodel").is_file()
    assert layer in (build / "nets" / row / "train.prototxt").read_text()
    first, last = (record for record in read_log(build / row / "log.jsonl") if record["kind"] == "validation"
                   and record["iteration"] in (0, 16 if row == "scratch" else 4))
    assert 0 <= first["classes"] <= 100 and 0 <= last["classes"] <= 100
    solver = build / "nets" / row / "solver.prototxt"
    subprocess.run(["caffe", "train", "-solver", str(solver)], check=True, stderr=subprocess.DEVNULL)


def test_the_best_row_is_trained_with_its_own_settings(tmp_path, make_dataset, command):
    best = {"crf": {"neighbours": [[0, 1], [1, 0], [0, 4]], "lam": 10}, "stage4": {"iterations": 2}}
    _, build = make_experiment(tmp_path, make_dataset, best=best)
    status, output, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", build, "--row", "best")
    assert status == 0, errors
    assert json.loads((build / "best" / "outcome.json").read_text())["iterations"] == 2
    assert "lam=10" in output and not (build / "stage4" / "log.jsonl").exists()
    for kind in ("train", "val", "deploy"):
        text = (build / "nets" / "best" / f"{kind}.prototxt").read_text()
        assert text.count("[0, 4]") == 2 and '\\"lam\\": 10' in text  # of the weights, and of the loss or the labels
    assert [row.key for row in shown_rows(build)] == ["best"]


def test_the_best_row_needs_settings(experiment, tmp_path, command):
    status, output, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", experiment[1],
                                     "--row", "best")
    assert status == 1 and "has nothing under 'best'" in errors and errors.count("\n") == 1
    assert "stage1" not in output


def test_an_unknown_row_is_named(experiment, tmp_path, command):
    status, _, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", experiment[1], "--row", "finest")
    assert status == 1 and "There is no row 'finest'" in errors


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
