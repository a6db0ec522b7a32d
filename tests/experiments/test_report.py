"""The command that writes the report: of one split, and of several side by side."""

import json
import shutil

import pytest

from experiments import evaluate, report
from tests.experiments.reporting.test_page import Page


@pytest.fixture
def two_splits(tiny_build, command):
    """A build folder with the split drive, the images of train, and the evaluations of drive and val."""
    lmdb = tiny_build.folder / "lmdb"
    shutil.copytree(lmdb / "train", lmdb / "drive")
    description = json.loads((lmdb / "dataset.json").read_text())
    for key in ("splits", "sizes"):
        description[key]["drive"] = description[key]["train"]
    (lmdb / "dataset.json").write_text(json.dumps(description))
    tiny_build.config.write_text(tiny_build.config.read_text() + "validation: {splits: [drive, val, train]}\n")
    status, output, _ = command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder)
    assert status == 0 and "drive: IoU classes" in output and "val: IoU classes" in output
    return tiny_build


def test_splits_stand_side_by_side(two_splits, command):
    status, output, error = command(report.main, "--config", two_splits.config, "--build", two_splits.folder)
    folder = two_splits.folder / "report"
    assert (status, error) == (0, "") and str(folder / "index.html") in output
    page = Page((folder / "index.html").read_text())
    assert page.open_tags == [] and all(page.alts)
    results = [json.loads((two_splits.folder / f"evaluation-{split}.json").read_text()) for split in ("drive", "val")]
    assert results[0]["joint"] != results[1]["joint"]
    joint = next(row for row in page.rows if row[0] == "CNN + CRF (joint)")
    expected = [[f"{result['joint'][key]:.1f}" for key in ("classes", "categories")] for result in results]
    assert [joint[1:3], joint[7:9]] == expected
    buses = [row[2:] for row in page.rows if row[0] == "bus"]
    assert buses == [[shown(result[key]["per_class"]["bus"]) for key in ("cnn", "cnn+crf", "joint", "control")]
                     for result in results]


def shown(value):
    return "–" if value is None else f"{value:.1f}"


def test_one_split_may_be_chosen(two_splits, command):
    assert command(report.main, "--config", two_splits.config, "--build", two_splits.folder, "--split", "val")[0] == 0
    text = (two_splits.folder / "report" / "index.html").read_text()
    assert "of the split val" in text and "of the split drive" not in text
