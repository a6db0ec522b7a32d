"""The benchmark of a GPU: at a tiny size on OpenCL, its report, and what it refuses."""

import json
import math

import pytest

from benchmarks import gpu
from benchmarks.results.gpu import report
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
        assert all(len(row["seconds"][name]) == 2 and min(row["seconds"][name]) > 0 for name in ("DualMM", "SSVM"))
    nets = results["nets"]
    for step in zip(*(nets[part] for part in ("forward", "backward", "crf", "step"))):
        assert all(seconds > 0 for seconds in step) and sum(step[:3]) <= step[3]
    assert (tmp_path / "bench-gpu.txt").read_text() in output


@pytest.mark.parametrize("seconds, crf, words", [(0.008, 0.15, ("met", "met")), (0.009, 0.16, ("missed", "missed"))])
def test_report(seconds, crf, words):
    text = report({
        "device": "cuda0, a GPU", "bandwidth": 4e12, "labels": 19, "iterations": 15,
        "solver": [{"width": 1024, "height": 512, "batch": 1, "floor": 0.001,
                    "seconds": {"DualMM": [1, seconds, 0], "SSVM": [0.01]}}],
        "nets": {"forward": [0.3], "backward": [0.5], "crf": [crf], "step": [1.0]}})
    lines = "\n".join(text).split("\n")
    assert lines[0] == "cuda0, a GPU: 4000 GB/s"
    assert lines[3].split() == ["1024", "x", "512", "x", "19,", "batch", "1", f"{1000 * seconds:.2f}", "10.00", "1.00"]
    assert lines[5].endswith(f"within 8 ms: {words[0]}")
    assert f"crf {1000 * crf:.1f} ms" in lines[7] and lines[8].endswith(f"within 15%: {100 * crf:.1f}%, {words[1]}")


def test_the_report_needs_no_net():
    row = {"width": 1, "height": 1, "batch": 1, "floor": math.inf, "seconds": {"DualMM": [1], "SSVM": [1]}}
    lines = report({"device": "", "bandwidth": 1, "labels": 2, "iterations": 1, "solver": [row],
                                  "nets": {}})
    assert "joint" not in "".join(lines)


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
