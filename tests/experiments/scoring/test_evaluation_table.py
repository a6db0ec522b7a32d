"""The table of an evaluation: a column per split, rows in their order."""

import json

from experiments.scoring.evaluation_table import format_evaluations
from experiments.scoring.result_rows import FURTHER_ROWS, ROWS
from experiments.settings.config import Config
from tests.experiments.tiny_experiment import CONFIG, STAGE


def made_up(split, first, **changes):
    """An evaluation whose rows score `first` and one more each, with `changes` of the configuration."""
    scored = {row.key: {"classes": first + place, "categories": None} for place, row in enumerate(ROWS + FURTHER_ROWS)}
    details = {"dataset": "tiny", "split": split, "images": 7, "blocks": 3, "resolution": "full resolution (4 x 3)",
               "pixel_accuracy": {key: 90 + place for place, key in enumerate(scored)},
               "configuration": json.loads(Config(**{**CONFIG, **changes}).json()),
               "edges": {key: {"band": 30 + place, "axis_aligned": None, "axis_aligned_truth": 12.5}
                         for place, key in enumerate(scored)},
               "further_rows": {row.key: scored[row.key] for row in FURTHER_ROWS},
               "differences": [{"first": "joint", "second": "cnn", "classes": 1.5, "low": -0.25, "high": 3}]}
    return {**{row.key: scored[row.key] for row in ROWS}, "details": details}


def test_splits_stand_side_by_side_and_differences_follow():
    lines = format_evaluations([made_up("drive", 20), made_up("val", 40)]).split("\n")
    for line, split in zip(lines, ("drive", "val")):
        assert line == f"tiny, {split}: 7 images at full resolution (4 x 3), in percent"
    header = lines.index(next(line for line in lines if "drive: IoU classes" in line))
    cells = [line.split("  ") for line in lines[header + 1:header + 1 + len(ROWS + FURTHER_ROWS)]]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in cells]
    assert cells[0] == ["CNN only", "20.00", "-", "90.00", "30.00", "-", "40.00", "-", "90.00", "30.00", "-",
                        "63.8 / 81.5"]
    assert [line[1] for line in cells] == [f"{20 + place}.00" for place in range(6)]
    assert lines[header + 7].split() == ["truth", "12.50", "12.50"]
    start = lines.index("Differences in IoU classes on drive, with 95 % intervals over 3 blocks of images, for these "
                        "weights:")
    assert lines[start + 1] == "CNN + CRF (joint) minus CNN only: +1.50 (-0.25 to +3.00)"
    assert lines[-1] == lines[start + 1]


def test_a_row_that_only_one_split_was_scored_with_has_empty_cells_in_the_other():
    drive, val = made_up("drive", 20), made_up("val", 40)
    for key, places in (("further_rows", {"classes": 50, "categories": 60}), ("pixel_accuracy", 91),
                        ("edges", {"band": 33, "axis_aligned": 14, "axis_aligned_truth": 12.5})):
        val["details"][key] = {"joint-100": places, **val["details"][key]}
    lines = format_evaluations([drive, val]).split("\n")
    line, = (line for line in lines if line.startswith("Joint, labelled by 100 iterations"))
    assert line.split()[5:] == ["50.00", "60.00", "91.00", "33.00", "14.00"]
    header = next(line for line in lines if "val: IoU classes" in line)
    assert line.index("50.00") > header.index("val: IoU classes")


def test_a_stage_that_was_ended_by_the_scored_split_is_named_below_once():
    patient = dict(stage3=dict(STAGE, patience=2))
    *_, blank, note = format_evaluations([made_up("val", 20, **patient), made_up("val", 40, **patient)]).split("\n")
    assert blank == "" and "on val has chosen the weights of stage3" in note
