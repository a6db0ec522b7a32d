"""Curves of training: stages laid end to end, and the splits that they are validated on."""

from experiments.reporting.curves import read_curves
from experiments.reporting.plots import splits_curve
from experiments.training.log import TrainingLog


def write_log(folder, stage, records):
    (folder / stage).mkdir(parents=True)
    log = TrainingLog(folder / stage / "log.jsonl", 0)
    for iteration, classes, further in records:
        log.append("validation", iteration, classes=classes, **({"further": further} if further else {}))


def test_stages_follow_one_another_and_a_control_starts_with_its_stage(tmp_path):
    for stage, end in (("stage3", 30), ("stage4", 10), ("control", 20)):
        write_log(tmp_path, stage, [(0, 1.0, None), (end, 2.0, None)])
    places = {curve.stage: (curve.start, curve.end, curve.is_control) for curve in read_curves(tmp_path)}
    assert places == {"stage3": (0, 30, False), "stage4": (30, 40, False), "control": (30, 50, True)}


def test_each_split_has_its_series_over_all_stages(tmp_path):
    write_log(tmp_path, "stage1", [(0, 1.0, {"train": {"classes": 3.0}}), (5, 2.0, {"train": {"classes": None}})])
    write_log(tmp_path, "stage2", [(0, 4.0, None), (5, 5.0, {"train": {"classes": 6.0}})])
    first, second = read_curves(tmp_path)
    assert first.split_series("drive", True) == ([0, 5], [1.0, 2.0])
    assert first.split_series("train", False) == ([0], [3.0])
    assert second.split_series("train", False) == ([10], [6.0])
    assert b"<svg" in splits_curve([first, second], ("drive", "train"))
    assert splits_curve([first, second], ("val",)) is None
