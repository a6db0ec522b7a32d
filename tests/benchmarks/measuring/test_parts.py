"""Parts: each measured once, whatever interrupts it, unless it is of other settings."""

import pytest

from benchmarks.measuring import parts
from benchmarks.measuring.given import GivenProblem
from benchmarks.measuring.parts import Benchmark
from benchmarks.measuring.problem import Source

NAMES = ["comparison", "memory"]


def test_an_interruption_keeps_what_is_finished(noted_parts, monkeypatch, tmp_path, raw, capsys):
    def interrupt(benchmark):
        raise KeyboardInterrupt

    whole = parts.PARTS["memory"]
    monkeypatch.setitem(parts.PARTS, "memory", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Benchmark(Source(), 5, tmp_path).run(NAMES)
    monkeypatch.setitem(parts.PARTS, "memory", whole)
    benchmark = Benchmark(Source(), 5, tmp_path)
    assert benchmark.run(NAMES) == {name: raw[name] for name in NAMES}
    assert noted_parts == NAMES and capsys.readouterr().out == "comparison: measured before the interruption\n"
    benchmark.forget()
    assert not list(tmp_path.iterdir())
    benchmark.run(NAMES)
    assert noted_parts == NAMES * 2


@pytest.mark.parametrize("change", ["source", "rounds", "published", "solver", "damage"])
def test_what_was_kept_of_other_settings_is_not_taken(change, noted_parts, monkeypatch, tmp_path):
    source, rounds, published = Source(), 5, ()
    Benchmark(source, rounds, tmp_path).run(["comparison"])
    if change == "source":
        source = Source(labels=3)
    elif change == "rounds":
        rounds = 3
    elif change == "published":
        published = [GivenProblem("tsukuba", None, None)]
    elif change == "solver":
        monkeypatch.setattr(parts, "SOURCES_DIGEST", 1)
    else:
        (tmp_path / "unfinished.json").write_text("{")
    Benchmark(source, rounds, tmp_path, published).run(NAMES)
    assert noted_parts == ["comparison"] + NAMES
