"""The results as text and as a picture."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.results.queries import Results
from benchmarks.results.tables import report
from benchmarks.results.picture import distances, energy_over_time


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


def test_parts_that_were_not_measured_have_none(results):
    assert "compile" not in report(results) and "training step" not in report(results)


def test_the_curves_are_shares_of_the_way_from_argmax_to_optimum(results):
    times, above, below = distances(results, "dual_mm argmin")
    assert times == [200, 1100] and above == pytest.approx([50, 10])
    assert below == pytest.approx([20.1, 1.1])  # under the best energy, -99.9
    assert distances(results, "DenseCRF mean field") == ([9000], [130], [])
    assert distances(results, "dual_mm icm")[1] == pytest.approx([0.2, 0.1])


def test_an_optimum_that_was_reached_can_be_drawn(raw):
    raw["comparison"]["rows"][8]["energy"] = -100
    assert distances(Results(raw), "dual_mm icm")[1:] == ([pytest.approx(0.2), 0.001], [pytest.approx(1), 0.001])


def test_the_picture_shows_every_method(results):
    picture = np.asarray(Image.open(io.BytesIO(energy_over_time(results))).convert("RGB")).reshape(-1, 3)
    assert len(picture) > 500 * 500
    for colour in ((127, 178, 221), (63, 131, 189), (18, 57, 95), (217, 120, 45), (60, 141, 90), (138, 148, 156)):
        assert (picture == colour).all(axis=1).sum() > 20, colour
