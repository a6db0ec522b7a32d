"""Made-up results of a benchmark, whose figures can be computed by hand."""

import pytest

from benchmarks import crf
from benchmarks.measuring import parts
from benchmarks.results.queries import Results


def _row(name, effort, threads, seconds, energy, bound=None, kind="-p", labels="a"):
    return {"name": name, "effort": effort, "threads": threads, "kind": kind, "seconds": seconds, "energy": energy,
            "lower_bound": bound, "labels": labels}


def _floor(threads, in_place, seconds):
    return {"threads": threads, "in_place": in_place, "seconds": seconds, "traffic": 2e9}


@pytest.fixture
def raw():
    """A dictionary as bench.json holds it: argmax has energy 0, the optimum is -100, floors take 1 s and 0.5 s."""
    rows = [_row("dual_mm argmin", 1, 2, [0.1, 0.2, 0.3], -50, -120),
            _row("dual_mm argmin", 15, 2, [1.0, 1.1, 9.0], -90, -101),
            _row("dual_mm argmin", 15, 1, [2.0, 1.76, 9.0], -90, -101),
            _row("dual_mm argmin", 15, 4, [2.0, 2.0, 2.0], -90, -101),
            _row("dual_mm viterbi", 15, 2, [1.0, 1.0, 1.0], -95, -101),
            _row("dual_mm icm", 15, 2, [1.2, 1.1, 9.9], -99.8, -101),
            _row("dual_mm icm", 15, 1, [2.0, 2.0, 2.0], -99.8, -101),
            _row("dual_mm icm", 15, 4, [2.0, 2.0, 2.0], -99.8, -101),
            _row("dual_mm icm", 200, 2, [20.0, 20.0, 20.0], -99.9, -100),
            _row("ssvm", 15, 2, [1.2, 1.21, 9.9], -80),
            _row("alpha expansion", 1, 1, [9.0, 9.0, 9.0], -98),
            _row("alpha expansion", -1, 1, [25.0, 22.0, 90.0], -99),
            _row("plain NumPy", 1, 1, [50.0, 50.0, 50.0], -50, -120),
            _row("DenseCRF mean field", 10, 1, [9.0, 9.0, 9.0], 30),
            _row("dual_mm icm", 15, 2, [1.0, 1.0, 1.0], 10.001, 9, "-log p"),
            _row("dual_mm icm", 200, 2, [9.0, 9.0, 9.0], 10, 10, "-log p")]
    return {"comparison": {"problem": "drawn frame, 4 x 2, 3 labels", "volume_bytes": 96, "rows": rows,
                           "argmax_energy": {"-p": 0.0, "-log p": 20.0},
                           "floors": [_floor(1, False, [1.0, 1.0, 1.0]), _floor(2, False, [0.5, 0.5, 5.0]),
                                      _floor(2, True, [0.25, 0.25, 0.25])]},
            "memory": [{"name": "dual_mm argmin", "bytes": 192}, {"name": "dual_mm icm", "bytes": 384}]}


@pytest.fixture
def raw_accuracy():
    """Accuracy over time on a problem of optimum 110 with least costs of 10 in sum; alpha expansion falls back once."""
    def row(name, effort, seconds, energy, bound=None):
        return {"name": name, "effort": effort, "threads": 1, "seconds": seconds, "energy": energy,
                "lower_bound": bound}
    rows = [row("dual_mm icm", 1, [0.5, 1, 9], 112, 100), row("dual_mm icm", 2, [2, 2, 2], 110.05, 108),
            row("dual_mm icm", 4, [4, 4, 4], 110, 110),
            row("TRW-S", 1, [2, 3, 4], 130, 90), row("TRW-S", 2, [6, 6, 6], 110.1, 109),
            row("alpha expansion", 1, [1.5, 1.5, 1.5], 110.3), row("alpha expansion", -1, [3, 3, 3], 110.5)]
    return {"problem": "made", "processor_time": False, "optimum": 110, "least_costs": 10, "argmin_energy": 150,
            "rows": rows}


@pytest.fixture
def results(raw):
    return Results(raw)


@pytest.fixture
def noted_parts(raw, monkeypatch):
    """Names of the parts that were measured, in order; two parts alone, whose results are made up."""
    measured = []

    def part(name):
        def measure(benchmark):
            measured.append(name)
            return raw[name]
        return measure

    two_parts = {name: part(name) for name in ("comparison", "memory")}
    for module in (parts, crf):
        monkeypatch.setattr(module, "PARTS", two_parts)
    return measured
