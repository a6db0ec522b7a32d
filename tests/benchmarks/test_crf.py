"""The command: its files, what it refuses, and a tiny frame from start to end."""

import json

import numpy as np
import pytest

from benchmarks import crf
from benchmarks.measuring import comparison, parts
from benchmarks.measuring.given import PUBLISHED
from benchmarks.measuring.problem import FRAME, Source, draw_frame
from benchmarks.solvers import methods


def run(tmp_path, *arguments):
    return crf.main(["--output", str(tmp_path / "bench"), *arguments])


def test_text_json_and_picture(noted_parts, raw, tmp_path, capsys):
    assert run(tmp_path) == 0
    assert sorted(path.name for path in (tmp_path / "bench").iterdir()) == ["bench.json", "bench.png", "bench.txt"]
    stored = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert stored["comparison"] == raw["comparison"] and stored["machine"]["cores"] >= 1
    assert (tmp_path / "bench" / "bench.txt").read_text() in capsys.readouterr().out


def test_how_many_targets_are_missed_is_said_last(noted_parts, tmp_path, capsys):
    run(tmp_path)
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 targets missed; ")


def test_the_training_step_is_measured_where_it_is_asked_for(noted_parts, monkeypatch, tmp_path):
    step = {"step": [2.0], "crf": [0.5], "peak_bytes": 0}
    monkeypatch.setitem(parts.PARTS, "training_step", lambda benchmark: step)
    run(tmp_path)
    assert "training_step" not in json.loads((tmp_path / "bench" / "bench.json").read_text())
    run(tmp_path, "--training-step")
    assert json.loads((tmp_path / "bench" / "bench.json").read_text())["training_step"] == step


def test_parts_are_chosen(noted_parts, raw, tmp_path, capsys):
    assert run(tmp_path, "--parts", "memory") == 0
    assert noted_parts == ["memory"]
    stored = json.loads((tmp_path / "bench" / "bench.json").read_text())
    assert stored["memory"] == raw["memory"] and "comparison" not in stored
    with pytest.raises(SystemExit):
        run(tmp_path, "--parts", "speed")
    assert "'speed' (choose from" in capsys.readouterr().err


def test_published_problems_are_read_before_anything_is_measured(noted_parts, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"There is no {tmp_path}/tsukuba.npz; MRF"):
        run(tmp_path, "--published", str(tmp_path))
    assert noted_parts == []


def test_bad_options(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"There is no {tmp_path}/half.npz"):
        run(tmp_path, "--frame", str(tmp_path))


def test_a_tiny_frame_from_start_to_end(tmp_path, monkeypatch):
    image, probability = draw_frame(30, 44, 3)
    np.savez(tmp_path / FRAME, image=image, prob=probability[0].astype(np.float16))
    monkeypatch.setattr(comparison, "EFFORTS", (1, 15, 200))
    monkeypatch.setattr(comparison, "NUMPY_EFFORTS", (1, 2))
    monkeypatch.setattr(parts, "PHOTOGRAPHS", ())
    for name in PUBLISHED:
        np.savez(tmp_path / f"{name}.npz", unary=-probability[0], weights=np.ones((2, 30, 44)), optimum=-1000)
    monkeypatch.setattr(parts, "peak_extra_bytes", lambda source, method: 3 * 4 * 3 * 30 * 44)
    monkeypatch.setattr(parts, "growth_sources", lambda: [Source(None, 9, 8, 2)])
    monkeypatch.setattr(parts, "compile_times", lambda rounds, folder, progress: {"ssvm cold": [1.0] * rounds})
    assert run(tmp_path, "--frame", str(tmp_path), "--published", str(tmp_path), "--rounds", "1") == 0
    stored = json.loads((tmp_path / "bench" / "bench.json").read_text())
    rows = {(row["name"], row["effort"], row["threads"], row["kind"]): row for row in stored["comparison"]["rows"]}
    solved = rows["dual_mm icm", 200, 2, "-p"]
    assert solved["energy"] == pytest.approx(solved["lower_bound"], abs=1e-2)
    for row in rows.values():
        if row["kind"] == "-p":
            assert row["energy"] >= solved["lower_bound"] - 1e-2, row
    assert rows["alpha expansion", methods.UNTIL_CONVERGENCE, 1, "-p"]["energy"] <= solved["energy"] + 1
    text = (tmp_path / "bench" / "bench.txt").read_text()
    assert [entry["problem"].split(",")[0] for entry in stored["accuracy"]] == [FRAME, *PUBLISHED]
    assert "TRW-S" in text and "half.npz, 44 x 30, 3 labels" in text and "8 x 9, 2 labels" in text and "3.00" in text
