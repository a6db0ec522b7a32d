"""The scaling benchmark: its projection against a ring that is played through, and its output."""

import re

import numpy as np
import pytest

from benchmarks import scaling
from tests.experiments.tiny_experiment import make_experiment


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_a_ring_takes_what_its_links_carry(processes):
    parts = np.random.default_rng(0).normal(size=(processes, processes, 5))  # of each process, each part
    held, carried = parts.copy(), np.zeros(processes)
    for step in range(2 * (processes - 1)):
        moved = [((rank - step) % processes, held[rank, (rank - step) % processes].copy()) for rank in range(processes)]
        for rank, (part, values) in enumerate(moved):
            neighbour = (rank + 1) % processes
            held[neighbour, part] = values + (held[neighbour, part] if step < processes - 1 else 0)
            carried[rank] += values.size * 8
    assert np.allclose(held, parts.sum(axis=0))
    assert scaling.ring_seconds(parts[0].nbytes, processes, 1000.0) == pytest.approx(carried.max() / 1000)


def test_it_measures_and_projects(tmp_path, make_dataset, command):
    _, build = make_experiment(tmp_path, make_dataset)
    net = build / "nets" / "stage3" / "deploy.prototxt"
    status, output, errors = command(scaling.main, "--config", tmp_path / "tiny.yaml", "--build", build, "--stage",
                                     "stage3", "--iterations", "2", "--gpu-net", net, "--gpu-seconds", "0.5",
                                     "--bandwidth", "1e-6")
    assert (status, errors) == (0, "")
    rows = [line.split() for line in output.splitlines() if re.match(r" +\d", line)]
    alone, two, eight, many = rows
    assert alone[0] == "1" and alone[-1] == "0.00" and two[0] == "2"
    assert 0 < float(two[2]) <= float(two[1])
    size = sum(blob.count for blobs in scaling.caffe.Net(str(net), scaling.caffe.TEST).params.values()
               for blob in blobs) * 4
    assert float(two[-1]) == pytest.approx(size / 1e6, abs=0.006)
    assert float(eight[1]) == pytest.approx(2 * 7 / 8 * size / 1e3, rel=0.01)
    assert int(many[2]) == pytest.approx(100 * float(many[1]) / (float(many[1]) + 0.5), abs=1)


def test_missing_nets_name_the_target(tmp_path, command):
    config = tmp_path / "tiny.yaml"
    config.write_text("dataset: tiny\n" + "".join(
        f"stage{n}: {{base_lr: 1.0e-3, iterations: 4, validate_every: 2}}\n" for n in (1, 2, 3, 4)))
    status, _, errors = command(scaling.main, "--config", config, "--build", tmp_path / "build")
    assert status == 1 and "make nets" in errors and errors.count("\n") == 1
