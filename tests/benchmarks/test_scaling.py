"""The scaling benchmark: its output for a tiny net."""

import re

import caffe
import pytest

from benchmarks import scaling
from tests.experiments.tiny_experiment import make_experiment


def test_it_measures_and_projects(tmp_path, make_dataset, command):
    _, build = make_experiment(tmp_path, make_dataset)
    net = build / "nets" / "stage3" / "deploy.prototxt"
    status, output, errors = command(scaling.main, "--config", tmp_path / "tiny.yaml", "--build", build, "--stage",
                                     "stage3", "--iterations", "2", "--gpu-net", net, "--gpu-seconds", "0.5",
                                     "--bandwidth", "1e-6")
    assert (status, errors) == (0, "")
    rows = [line.split() for line in output.splitlines() if re.match(r"\d+ +\d", line)]
    alone, two, eight, many = rows
    assert alone[0] == "1" and alone[-1] == "0.00" and two[0] == "2"
    assert 0 < float(two[2]) <= float(two[1])
    size = 4 * sum(blob.count for blobs in caffe.Net(str(net), caffe.TEST).params.values() for blob in blobs)
    assert float(two[-1]) == pytest.approx(size / 1e6, abs=0.006)
    assert float(eight[1]) == pytest.approx(2 * 7 / 8 * size / 1e3, rel=0.01)
    assert int(many[2]) == pytest.approx(100 * float(many[1]) / (float(many[1]) + 0.5), abs=1)


def test_missing_nets_name_the_target(tmp_path, command):
    config = tmp_path / "tiny.yaml"
    config.write_text("dataset: tiny\n" + "".join(
        f"stage{n}: {{base_lr: 1.0e-3, iterations: 4, validate_every: 2}}\n" for n in (1, 2, 3, 4)))
    status, _, errors = command(scaling.main, "--config", config, "--build", tmp_path / "build")
    assert status == 1 and "make nets" in errors and errors.count("\n") == 1
