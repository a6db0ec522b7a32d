"""Curves of training: stages laid end to end, and the splits that they are validated on."""

from experiments.reporting.curves import read_curves
from experiments.training.log import TrainingLog
from tests.experiments.reporting.logs import write_logs


def write_log(folder, stage, records, **images):
    (folder / stage).mkdir(parents=True)
    log = TrainingLog(folder / stage / "log.jsonl", 0)
    for iteration, classes, further in records:
        log.append("validation", iteration, classes=classes, **({"further": further} if further else {}), **images)


def test_curves_are_laid_end_to_end_and_the_control_beside_stage_4(tmp_path):
    write_logs(tmp_path)
    curves = {curve.stage: curve for curve in read_curves(tmp_path)}
    assert {stage: (curve.start, curve.end) for stage, curve in curves.items()} == {
        "stage1": (0, 40), "stage2": (40, 60), "stage3": (60, 90), "stage4": (90, 100), "control": (90, 100)}
    assert curves["stage4"].series("validation", "categories") == ([90, 95, 100], [0, 10, 20])
    assert curves["stage4"].series("train", "augmented_error") == ([], [])


def test_each_split_has_its_series_over_all_stages(tmp_path):
    write_log(tmp_path, "stage1", [(0, 1.0, {"train": {"classes": 3.0}}), (5, 2.0, {"train": {"classes": None}})])
    write_log(tmp_path, "stage2", [(0, 4.0, None), (5, 5.0, {"train": {"classes": 6.0}})])
    first, second = read_curves(tmp_path)
    assert first.split_series("drive", "drive") == ([0, 5], [1.0, 2.0])
    assert first.split_series("train", "drive") == ([0], [3.0])
    assert second.split_series("train", "drive") == ([10], [6.0])


def test_a_stage_that_was_validated_on_other_splits_has_those(tmp_path):
    write_log(tmp_path, "stage1", [(0, 1.0, {"drive": {"classes": 3.0}})], images={"val": 4, "drive": 2})
    write_log(tmp_path, "stage2", [(0, 4.0, None)], images={"val": 4})
    first, second = read_curves(tmp_path)
    assert first.split_series("drive", "drive") == ([0], [3.0]) and first.split_series("val", "drive") == ([0], [1.0])
    assert second.split_series("drive", "drive") == ([], []) and second.split_series("val", "drive") == ([0], [4.0])
