"""Plots of the training: what is drawn where."""

from experiments.reporting import plots
from experiments.reporting.curves import read_curves
from experiments.reporting.plots import health_curve, joint_stage_curve, splits_curve, training_curve
from experiments.training.log import TrainingLog
from tests.experiments.reporting.logs import write_logs


def test_figure_3_has_a_vertical_line_a_stage(tmp_path, monkeypatch):
    write_logs(tmp_path)
    monkeypatch.setattr(plots, "svg", lambda figure: figure)
    figure = training_curve(read_curves(tmp_path))
    for axes in figure.axes:
        upright = [line for line in axes.lines if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 1]
        assert [line.get_xdata()[0] for line in upright] == [0, 40, 60, 90]  # the control begins with stage 4
        assert all(list(line.get_ydata()) == [0, 1] for line in upright), "from the bottom to the top"
    assert [text.get_text() for text in figure.axes[0].texts] == ["FCN-32s", "skip: FCN-16s", "skip: FCN-8s", "CRF"]


def test_curve_of_an_unfinished_training(tmp_path):
    (tmp_path / "stage1").mkdir()
    TrainingLog(tmp_path / "stage1" / "log.jsonl", 0).append("validation", 0, classes=None, categories=None)
    curves = read_curves(tmp_path)
    assert b"<svg" in training_curve(curves)
    assert health_curve(curves) is None


def test_each_split_has_a_line_a_stage_in_its_colour(tmp_path, monkeypatch):
    for stage, values in (("stage1", (1.0, 2.0)), ("stage2", (3.0, 4.0))):
        (tmp_path / stage).mkdir()
        log = TrainingLog(tmp_path / stage / "log.jsonl", 0)
        for iteration, value in enumerate(values):
            log.append("validation", iteration, classes=value, further={"train": {"classes": 10 * value}})
    curves = read_curves(tmp_path)
    assert splits_curve(curves, ("val",)) is None
    monkeypatch.setattr(plots, "svg", lambda figure: figure)
    axes = splits_curve(curves, ("drive", "train")).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["drive", "train"]
    drawn = [(line.get_color(), list(line.get_xdata()), list(line.get_ydata()))
             for line in axes.lines if len(line.get_xdata()) == 2 and len(set(line.get_xdata())) == 2]
    first, second = plots.SPLIT_COLOURS[:2]
    assert drawn == [(first, [0, 1], [1, 2]), (first, [1, 2], [3, 4]), (second, [0, 1], [10, 20]),
                     (second, [1, 2], [30, 40])]


def test_the_last_stage_and_its_control_begin_at_the_same_place(tmp_path, monkeypatch):
    write_logs(tmp_path)
    monkeypatch.setattr(plots, "svg", lambda figure: figure)
    for axes, factor in zip(joint_stage_curve(read_curves(tmp_path)).axes, (1, 2)):
        lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines if len(line.get_xdata())]
        assert lines == 2 * [([0, 5, 10], [0, 5 * factor, 10 * factor])]
