"""The general CRF's table and targets, of figures that can be computed by hand."""

import pytest

from benchmarks.results.neighbourhoods import models_table, neighbourhood_targets
from benchmarks.results.queries import Results


def _model(height, neighbours, general, seconds):
    return {"height": height, "width": 240, "labels": 11, "neighbours": neighbours, "general": general,
            "seconds": seconds, "bytes": 3 * 2 ** 20, "volume_bytes": 2 ** 20}


@pytest.fixture
def measured(raw):
    rows = [{"name": name, "effort": effort, "threads": threads, "kind": "-p", "seconds": seconds, "energy": energy,
             "lower_bound": bound, "labels": "a"}
            for name, effort, threads, seconds, energy, bound in (
                ("dual_mm icm", 15, 2, [1.0, 1.0], -99.0, -101.0), ("dual_mm icm", 60, 2, [4.0, 4.0], -100, -100.5),
                ("TRW-S", 60, 1, [9.0, 9.0], -98, -100.25), ("alpha expansion", -1, 1, [12.0, 12.0], -100, None))]
    peers = dict(raw["comparison"], rows=rows, argmax_energy={"-p": 0.0})
    models = [_model(512, "4", False, [1.0, 2.0, 1.0]), _model(512, "8", False, [2.2, 4.4, 9.0]),
              _model(512, "4 and 4 pixels away", False, [2.2, 4.4, 9.0]),
              _model(180, "4", False, [0.1, 0.1, 0.1]), _model(180, "4", True, [0.6, 0.6, 0.6])]
    return Results({"neighbourhoods": {"models": models, "peers": [peers]}})


def test_times_are_quotients_with_potts_on_4_neighbours_of_the_same_size(measured):
    lines = [" ".join(line.split()) for line in models_table(measured).splitlines()]
    assert "240 x 512, 11 labels 8 Potts 4400 2200 .. 9000 2.20 3.0 3.00" in lines
    assert "240 x 180, 11 labels 4 general 600.0 600.0 .. 600.0 6.00 3.0 3.00" in lines


def test_targets(measured):
    listed = neighbourhood_targets(measured)
    assert [target.value for target in listed] == pytest.approx([2.2, 1.0, 0.6, 6.0, 1.0, 12.0, 0.25, 0.25])
    assert [target.met for target in listed] == [True, True, False, True, False, True, True, False]


def test_what_was_not_measured_has_neither(results):
    assert models_table(results) == "" and neighbourhood_targets(results) == []
