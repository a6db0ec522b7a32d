"""The results as text."""

from benchmarks.results.queries import Results
from benchmarks.results.tables import report


def test_every_part_has_its_table(raw):
    raw["growth"] = [{"height": 2, "width": 4, "labels": 3, "seconds": [0.001, 0.002, 0.003], "nanoseconds": 5.5}]
    raw["compile"] = {"dual_mm cold": [30.0, 31.5, 33.0]}
    raw["training_step"] = {"step": [10.0, 20.0, 10.0], "crf": [0.1, 0.4, 0.1], "peak_bytes": 3 * 2 ** 30}
    text = report(Results(raw))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "triad, threads 1 1000 1000 .. 1000 2.0" in lines
    assert "triad in place, threads 2 250.0 250.0 .. 250.0 8.0" in lines
    assert "dual_mm icm -p 15 2 1200 1100 .. 9900 2.20 -99.80 -101.00 99.800" in lines
    assert "alpha expansion -p converged 1 25000 22000 .. 90000 25.00 -99.00 - 99.000" in lines
    assert "dual_mm argmin 0 2.00" in lines
    assert "4 x 2, 3 labels 2.0 1.0 .. 3.0 5.500" in lines
    assert "dual_mm cold 31.5 30.0 .. 33.0" in lines
    assert ("a joint training step of FCN-8s: 10.00 s, of which the CRF 0.100 s, 1.00 %; peak memory 3.0 GiB") in lines
    assert "icm takes so many times as long as argmin 1.100 at most 1.5 met" in lines
    assert "dual_mm icm: volumes of extra memory 4.000 at most 3 MISSED" in lines


def test_parts_stand_without_the_comparison(raw, raw_accuracy):
    text = report(Results({"accuracy": [raw_accuracy], "memory": raw["memory"]}))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("made: optimum 110.0") and "dual_mm argmin 0 -" in lines and "floor" not in text


def test_parts_that_were_not_measured_have_none(results):
    assert "compile" not in report(results) and "training step" not in report(results)
