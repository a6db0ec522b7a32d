"""The report of a GPU's times: medians, the floor, and targets met or missed."""

import math

import pytest

from benchmarks.results.gpu import report


@pytest.mark.parametrize("seconds, eight, crf, words", [
    (0.008, 0.02, 0.15, ("met", "2.50, met", "met")), (0.009, 0.0234, 0.16, ("missed", "2.60, missed", "missed"))])
def test_report(seconds, eight, crf, words):
    text = report({
        "device": "cuda0, a GPU", "bandwidth": 4e12, "labels": 19, "iterations": 15,
        "solver": [{"width": 1024, "height": 512, "batch": 1, "floor": 0.001,
                    "seconds": {"DualMM": [1, seconds, 0], "8 neighbours": [eight], "SSVM": [0.01]}}],
        "nets": {"forward": [0.3], "backward": [0.5], "crf": [crf], "step": [1.0]}})
    lines = "\n".join(text).split("\n")
    assert lines[0] == "cuda0, a GPU: 4000 GB/s"
    assert lines[3].split() == ["1024", "x", "512", "x", "19,", "batch", "1", f"{1000 * seconds:.2f}",
                                f"{1000 * eight:.2f}", "10.00", "1.00"]
    assert lines[5].endswith(f"within 8 ms: {words[0]}")
    assert lines[6].endswith(f"within 2.5 times that on 4: {words[1]}")
    assert f"crf {1000 * crf:.1f} ms" in lines[8] and lines[9].endswith(f"within 15%: {100 * crf:.1f}%, {words[2]}")


def test_the_report_needs_no_net():
    seconds = {"DualMM": [1], "8 neighbours": [1], "SSVM": [1]}
    row = {"width": 1, "height": 1, "batch": 1, "floor": math.inf, "seconds": seconds}
    lines = report({"device": "", "bandwidth": 1, "labels": 2, "iterations": 1, "solver": [row], "nets": {}})
    assert "joint" not in "".join(lines)
