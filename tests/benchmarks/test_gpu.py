"""The benchmark of a GPU: at a tiny size on OpenCL, and what it refuses."""

import json

import pytest

from benchmarks import gpu
from tests.opencl import run_on_device


def test_it_measures_a_tiny_problem_and_net(tmp_path):
    status, output = run_on_device(
        "-m", "benchmarks.gpu", "--output", tmp_path, "--sizes", "40x24", "--batches", "1", "2", "--labels",
        "3", "--iterations", "2", "--rounds", "2", "--megabytes", "2", "--nets", "always", "--width", "0.02")
    assert status == 0, output
    results = json.loads((tmp_path / "bench-gpu.json").read_text())
    assert [row["batch"] for row in results["solver"]] == [1, 2]
    for row in results["solver"]:
        # 2 iterations are 4 half steps, each of 3 volumes of 4 bytes
        assert row["floor"] == pytest.approx(4 * 3 * 4 * row["batch"] * 3 * 40 * 24 / results["bandwidth"])
        assert list(row["seconds"]) == ["DualMM", "8 neighbours", "SSVM"]
        assert all(len(seconds) == 2 and min(seconds) > 0 for seconds in row["seconds"].values())
    nets = results["nets"]
    for step in zip(*(nets[part] for part in ("forward", "backward", "crf", "step"))):
        assert all(seconds > 0 for seconds in step) and sum(step[:3]) <= step[3]
    assert (tmp_path / "bench-gpu.txt").read_text() in output


def test_without_a_gpu_it_says_how_to_name_one(command):
    status, output, errors = command(gpu.main)
    assert (status, output) == (1, "")
    assert errors == "error: Theano's device is cpu; name a GPU that it can use: THEANO_FLAGS=device=cuda0\n"


@pytest.mark.parametrize("words, message", [
    (["--sizes", "1024"], "'1024' is not WIDTHxHEIGHT"),
    (["--sizes", "0x5"], "'0' is not a whole number of at least 1"),
    (["--batches", "0"], "'0' is not"), (["--nets", "some"], "'some'")])
def test_bad_options(words, message, capsys):
    with pytest.raises(SystemExit):
        gpu.main(words)
    assert message in capsys.readouterr().err
