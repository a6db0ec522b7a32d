"""Made images, and measurements in processes of their own."""

import sys
from pathlib import Path

import pytest

from benchmarks.measuring import training_iterations
from benchmarks.measuring.fresh_process import in_fresh_process
from experiments.settings.config import load_config


def test_iterations_are_timed_on_made_images(tmp_path):
    config = load_config(Path("experiments/configs/scenes.yaml"))
    build = training_iterations.make_images(config, tmp_path)
    assert build.metadata().sizes["train"] == [training_iterations.SIZES["scenes"]]
    # Caffe does not let go of a net with Python layers, nor that of the processes that load its images.
    measured = in_fresh_process(training_iterations.time_iterations, config, "stage3", build, 2)
    assert measured["processes"] == 1 and len(measured["seconds"]) == 2
    assert 0 < measured["update"] < sum(measured["seconds"]) and measured["sums"] >= 0


@pytest.fixture
def python(tmp_path, monkeypatch):
    """A stand-in for Python that prints its words and some variables as JSON, after a line of something else."""
    script = tmp_path / "python"
    script.write_text('#!/bin/bash\necho loading\n[ "$1" != -S ] || shift\n'
                      'echo "[\\"$2\\", \\"${NP-none}\\", \\"$OMP_NUM_THREADS\\", \\"$PYTHONPATH\\"]"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return script


def test_processes_get_their_variables(python, monkeypatch):
    monkeypatch.setenv("NP", "3")
    assert training_iterations.in_new_processes([], NP=None, OMP_NUM_THREADS="2")[:3] == [
        "benchmarks.training", "none", "2"]
    assert training_iterations.in_new_processes([], NP="1", OMP_NUM_THREADS="1")[1] == "1"


def test_a_failure_names_the_command(python):
    python.write_text("#!/bin/bash\nexit 7\n")
    with pytest.raises(RuntimeError, match="benchmarks.training --measure ended with status 7; the lines above say"):
        training_iterations.in_new_processes(["--measure"])


def test_tensorflow_gets_the_net_and_its_batch(monkeypatch):
    told = {}

    def last_line(command, variables):
        told.update(words=command, variables=variables)
        return [0.5]

    monkeypatch.setattr(training_iterations, "_last_line", last_line)
    config = load_config(Path("experiments/configs/camvid.yaml"))
    assert training_iterations.tensorflow_seconds(config, "stage3", 11, "packages", 2, 5) == [0.5]
    assert told["variables"] == {"PYTHONPATH": "packages", "OMP_NUM_THREADS": "2"} and told["words"][1] == "-S"
    for word in ('"height": 180', '"batch": 4', '"width": 0.25', '"threads": 2', '"classes": 11'):
        assert word in told["words"][-1]
