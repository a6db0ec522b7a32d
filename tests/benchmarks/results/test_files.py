"""Files of results."""

import json

from PIL import Image

from benchmarks.results.files import write_files
from benchmarks.results.queries import Results
from benchmarks.results.tables import report


def test_text_json_and_picture_are_of_the_same_results(raw, tmp_path):
    text = write_files(tmp_path, raw, {"processor": "fast", "cores": 3})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.json", "bench.png", "bench.txt"]
    assert json.loads((tmp_path / "bench.json").read_text()) == dict(raw, machine={"processor": "fast", "cores": 3})
    assert (tmp_path / "bench.txt").read_text() == report(Results(raw))
    assert text == f"{report(Results(raw))}\n2 targets missed; {tmp_path}/bench.txt, bench.json, bench.png"
    with Image.open(tmp_path / "bench.png") as picture:
        assert picture.format == "PNG"


def test_what_was_not_measured_has_no_picture(raw, raw_accuracy, tmp_path):
    alone = {"accuracy": [raw_accuracy]}
    text = write_files(tmp_path, alone, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["accuracy.png", "bench.json", "bench.txt"]
    assert text.endswith(f"no targets missed; {tmp_path}/bench.txt, bench.json, accuracy.png")
    write_files(tmp_path, dict(raw, **alone), {})
    assert (tmp_path / "bench.png").is_file()


def test_one_target_that_is_missed_is_no_plural(raw, tmp_path):
    raw["memory"] = []
    assert "\n1 target missed; " in write_files(tmp_path, raw, {})
