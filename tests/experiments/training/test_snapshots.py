"""Snapshots: written whole or not at all, restored only where they are valid, the newest first."""

import errno
import io
import json
import os

import numpy as np
import pytest
from caffe.proto import caffe_pb2

from experiments.settings.build_paths import Build
from experiments.training import snapshots, train_stage
from experiments.training.signals import Interruption
from tests.experiments.tiny_experiment import STAGE, make_experiment


@pytest.fixture
def trained(experiment):
    """(configuration, build folder) with snapshots of stage 1 at the iterations 2 and 4."""
    config, build = experiment
    train_stage.train_stage(config, "stage1", build)
    (build / "stage1" / "final.caffemodel").unlink()
    return config, build


def restored(config, build, stage="stage1"):
    """Return the iteration that a run would go on from, None where it begins."""
    return train_stage._prepare(config, stage, Build(build), Interruption()).snapshots.saved


def weights_in(path):
    model = caffe_pb2.NetParameter.FromString(path.read_bytes())
    return {(layer.name, index): np.reshape(blob.data, tuple(blob.shape.dim)) for layer in model.layer
            for index, blob in enumerate(layer.blobs)}


def test_the_newest_is_restored_with_its_weights(trained):
    config, build = trained
    run = train_stage._prepare(config, "stage1", Build(build), Interruption())
    assert run.solver.iter == run.snapshots.saved == 4
    for (name, index), values in weights_in(build / "stage1" / "snapshot_iter_4.caffemodel").items():
        if name.startswith("data_"):  # counts batches in the snapshot, images while it trains
            assert values == [4]
            values = values * config.stage1.batch
        assert np.array_equal(run.solver.net.params[name][index].data, values)


def test_a_copied_build_folder_goes_on_too(trained, tmp_path):
    config, build = trained
    build.rename(tmp_path / "moved")
    for path in (tmp_path / "moved" / "nets").rglob("*.prototxt"):
        path.write_text(path.read_text().replace(str(build), str(tmp_path / "moved")))
    assert restored(config, tmp_path / "moved") == 4


def test_a_state_can_be_given_to_caffe(trained):
    config, build = trained
    path = build / "stage1" / "snapshot_iter_4.solverstate"
    state = caffe_pb2.SolverState.FromString(path.read_bytes())
    assert state.iter == 4 and state.learned_net == str(path.with_suffix(".caffemodel"))


@pytest.mark.parametrize("suffix, damage, reason", [
    (".caffemodel", lambda content: content[:-100], "is truncated"),
    (".solverstate", lambda content: content[:-1], "is truncated"),
    (".caffemodel", lambda content: content[:500] + bytes([content[500] ^ 1]) + content[501:], "is damaged"),
    (".solverstate", lambda content: content[:-40] + bytes([content[-40] ^ 1]) + content[-39:], "is damaged"),
    (".json", lambda content: content[:200], "is damaged"),
    (".json", lambda content: content.replace(b'"iteration": 4', b'"iteration": 5'), "iteration 5"),
    (".caffemodel", None, "is missing"), (".solverstate", None, "is missing"),
    (".json", None, "has no snapshot_iter_4.json"),
])
def test_a_damaged_snapshot_is_named_and_passed_over(trained, capsys, suffix, damage, reason):
    config, build = trained
    path = build / "stage1" / f"snapshot_iter_4{suffix}"
    content = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(content))
    assert restored(config, build) == 2
    lines = [line for line in capsys.readouterr().out.splitlines() if "passed over" in line]
    assert len(lines) == 1 and "snapshot_iter_4" in lines[0] and reason in lines[0]


@pytest.mark.parametrize("change, reason", [
    (dict(stage1=dict(STAGE, base_lr=2e-3)), "another configuration: 'base_lr: 0.001' there, 'base_lr: 0.002' here"),
    (dict(seed=2), "'seed\\\": 1'|another net"),
    (dict(net=dict(width=1 / 32, padding="same")), "another net: 'num_output: 1' there, 'num_output: 2' here"),
    (dict(stage1=dict(STAGE, batch=1)), "another net"),
])
def test_snapshots_of_another_configuration_are_named_and_passed_over(trained, make_dataset, capsys, change, reason):
    _, build = trained
    config, _ = make_experiment(build.parent, make_dataset, **change)
    assert restored(config, build) is None
    lines = [line for line in capsys.readouterr().out.splitlines() if "passed over" in line]
    assert len(lines) == 2 and all(any(part in line for part in reason.split("|")) for line in lines)


def test_the_limit_may_be_raised(trained, make_dataset):
    _, build = trained
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=8, patience=3))
    assert restored(config, build) == 4


def test_snapshots_of_other_data_or_other_beginnings_are_passed_over(trained, capsys):
    config, build = trained
    description = build / "lmdb" / "dataset.json"
    original = description.read_text()
    description.write_text(original.replace('"seed": 0', '"seed": 1'))
    assert restored(config, build) is None
    assert "trained on other data" in capsys.readouterr().out
    description.write_text(original)
    record = build / "stage1" / "snapshot_iter_4.json"
    record.write_text(json.dumps(dict(json.loads(record.read_text()), start="0" * 64)))
    assert restored(config, build) == 2
    assert "started from other weights" in capsys.readouterr().out


def test_snapshots_of_another_stage_are_passed_over(trained, capsys):
    config, build = trained
    for path in (build / "stage1").glob("snapshot_iter_4.*"):
        path.rename(build / "control" / path.name)
    (build / "stage3").mkdir(exist_ok=True)
    (build / "stage1" / "best.caffemodel").rename(build / "stage1" / "final.caffemodel")
    train_stage.train_stage(config, "stage2", build)
    train_stage.train_stage(config, "stage3", build)
    capsys.readouterr()
    assert restored(config, build, "control") is None
    assert "belongs to another net" in capsys.readouterr().out


def test_only_the_last_few_are_kept(experiment, make_dataset):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=10))
    train_stage.train_stage(config, "stage1", build)
    names = {path.name for path in (build / "stage1").iterdir()}
    assert names == {"best.caffemodel", "final.caffemodel", "outcome.json", "log.jsonl"} | {
        f"snapshot_iter_{iteration}{suffix}" for iteration in (8, 10)
        for suffix in (".caffemodel", ".solverstate", ".json")}


def test_a_disk_that_is_full_leaves_the_earlier_snapshots(trained, monkeypatch, make_dataset):
    _, build = trained
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=8))
    before = {path.name: path.read_bytes() for path in (build / "stage1").glob("snapshot*")}
    write = snapshots._write

    def full_at_the_state(path, source):
        if path.suffix == ".solverstate":
            write(path, io.BytesIO(b"half"))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, source)

    monkeypatch.setattr(snapshots, "_write", full_at_the_state)
    with pytest.raises(OSError, match=r"snapshot of iteration 6 cannot be written to .* \(No space left on device\); "
                                      "that of iteration 4 is kept"):
        train_stage.train_stage(config, "stage1", build)
    assert {path.name: path.read_bytes() for path in (build / "stage1").glob("snapshot*")} == before
    assert not (build / "stage1" / ".writing").exists()
    monkeypatch.undo()
    assert restored(config, build) == 4


@pytest.mark.parametrize("calls", range(3))
def test_a_kill_between_two_renamings_leaves_no_half_snapshot(trained, monkeypatch, make_dataset, calls):
    """The record is renamed last; until then there is no snapshot of that iteration."""
    _, build = trained
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=6))
    replace, done = os.replace, []

    class Killed(BaseException):
        pass

    def replace_or_die(source, target):
        if "snapshot_iter_6" in str(target):
            if len(done) == calls:
                raise Killed
            done.append(target)
        replace(source, target)

    monkeypatch.setattr(snapshots.os, "replace", replace_or_die)
    with pytest.raises(Killed):
        train_stage.train_stage(config, "stage1", build)
    monkeypatch.undo()
    assert restored(config, build) == 4


def test_a_file_system_without_links_gets_copies(experiment, monkeypatch):
    config, build = experiment
    monkeypatch.setattr(snapshots.os, "link", lambda *paths: (_ for _ in ()).throw(OSError(errno.EPERM, "no links")))
    train_stage.train_stage(config, "stage1", build)
    final, last = build / "stage1" / "final.caffemodel", build / "stage1" / "snapshot_iter_4.caffemodel"
    assert final.read_bytes() == last.read_bytes() and final.stat().st_nlink == 1
