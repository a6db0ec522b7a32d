"""The command line of Cityscapes' official evaluation; its parts are tested in prediction/ and scoring/."""

import json

import pytest

from experiments import official_evaluation
from experiments.scoring.result_rows import FULL_SIZE_ROWS


def test_the_table_is_printed_and_the_scores_are_written(cityscapes_build, command):
    pytest.importorskip("cityscapesscripts", reason="cityscapesscripts is not installed")
    status, output, error = command(official_evaluation.main, *cityscapes_build.arguments())
    assert status == 0, error
    assert "val: 3 of 500 frames at full resolution (40 x 24)" in output
    result = json.loads((cityscapes_build.folder / "official-evaluation-val.json").read_text())
    for row in FULL_SIZE_ROWS:
        line, = [line for line in output.splitlines()
                 if line.startswith(row.row.title + "  ") and f" {row.enlarged_by} " in line]
        assert line.split()[-4:] == [f"{result[row.key][key]:.2f}" for key in (
            "classes", "categories", "instance_classes", "instance_categories")]
        assert result[row.key]["enlarged_by"] == row.enlarged_by


def test_another_dataset_and_no_folder_are_one_sentence(cityscapes_build, command):
    experiment = "--config", cityscapes_build.config, "--build", cityscapes_build.folder
    status, _, error = command(official_evaluation.main, *experiment, "--root", "")
    assert status == 1 and "CITYSCAPES=<folder>" in error and error.count("\n") == 1
    cityscapes_build.call_it_camvid()
    status, _, error = command(official_evaluation.main, *cityscapes_build.arguments())
    assert status == 1 and "camvid has no official evaluation and no test server" in error
