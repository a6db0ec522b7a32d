"""The command that measures iterations of `caffe train`: its lines come one by one, its folder goes."""

import pytest

from benchmarks import caffe_steps


def test_a_line_per_stage_and_no_files_left(tmp_path, monkeypatch, capsys):
    shown = []

    def measure_stages(config, build, stages, iterations):
        (build / "nets").mkdir(parents=True)
        for stage in stages:
            shown.append(capsys.readouterr().out)
            yield stage, iterations * 1.25, 2.0, 3.14e9
    monkeypatch.setattr(caffe_steps, "measure_stages", measure_stages)
    assert caffe_steps.main(["--config", "experiments/configs/cityscapes.yaml", "--build", str(tmp_path), "--stages",
                             "stage1", "stage4", "--iterations", "2"]) == 0
    assert [text.split()[:1] for text in shown] == [["an"], ["stage1"]]
    assert capsys.readouterr().out.split() == ["stage4", "2.5", "2.0", "3.1", "GB"]
    assert not list(tmp_path.iterdir())


def test_a_stage_that_there_is_not(capsys):
    with pytest.raises(SystemExit):
        caffe_steps.main(["--config", "c.yaml", "--stages", "stage9"])
    assert "'stage9'" in capsys.readouterr().err
