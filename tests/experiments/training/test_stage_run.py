"""The ends of a stage: convergence, signals, divergence, a dataset that changes, a folder that is in use."""

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import types

import numpy as np
import pytest

from experiments.settings.build_paths import Build
from experiments.training import stage_run, train_stage
from experiments.training.build_lock import build_lock
from experiments.training.log import read_log
from experiments.training.signals import Interrupted
from tests.experiments.tiny_experiment import STAGE, make_experiment


def with_scores(monkeypatch, *scores):
    """Let validations give these scores over classes, one after the other."""
    next_scores = iter(scores)

    def validate(net, metadata, counts, before_image):
        return {"classes": next(next_scores), "categories": 0.0, "per_class": {}, "confidence": 1.0}

    monkeypatch.setattr(stage_run, "validate", validate)


def outcome(build, stage="stage1"):
    return json.loads((build / stage / "outcome.json").read_text())


def test_a_stage_ends_where_validation_stops_rising_and_keeps_the_best(experiment, make_dataset, monkeypatch):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=20, patience=2))
    with_scores(monkeypatch, 10, 30, 40, 20, 40)
    train_stage.train_stage(config, "stage1", build)
    ended = outcome(build)
    assert ended["iterations"] == 8 and ended["best"] == {"iteration": 4, "classes": 40}
    assert ended["weights"] == "best.caffemodel" and "2 validations" in ended["ended by"]
    assert Build(build).weights("stage1") == build / "stage1" / "best.caffemodel"
    final, last = build / "stage1" / "final.caffemodel", build / "stage1" / "snapshot_iter_8.caffemodel"
    assert final.read_bytes() == last.read_bytes()
    assert (build / "stage1" / "best.caffemodel").read_bytes() != final.read_bytes()


def test_without_patience_a_stage_runs_to_its_limit_and_hands_on_the_last(experiment, monkeypatch):
    config, build = experiment
    with_scores(monkeypatch, 50, 40, 30)
    train_stage.train_stage(config, "stage1", build)
    assert outcome(build)["iterations"] == 4 and outcome(build)["best"]["iteration"] == 2
    assert Build(build).weights("stage1") == build / "stage1" / "final.caffemodel"


@pytest.mark.parametrize("taken, iterations", [(6, [0, 2, 4, 6]), (3, [0, 2, 3]), (None, [0, 2, 4])])
def test_a_control_takes_as_many_iterations_as_its_stage_did(experiment, make_dataset, monkeypatch, taken, iterations):
    config, build = experiment
    for stage in ("stage1", "stage2", "stage3"):
        train_stage.train_stage(config, stage, build)
    config, _ = make_experiment(build.parent, make_dataset, stage4=dict(STAGE, type="SGD", iterations=20, patience=1))
    # Its own patience would end it at the fourth iteration; without its stage's outcome it has that alone.
    if taken is not None:
        (build / "stage4" / "outcome.json").write_text(json.dumps({"iterations": taken, "weights": "final.caffemodel"}))
    with_scores(monkeypatch, 10, 40, 30, 20)
    train_stage.train_stage(config, "control", build)
    validations = [record for record in read_log(build / "control" / "log.jsonl") if record["kind"] == "validation"]
    assert [record["iteration"] for record in validations] == iterations
    ended = outcome(build, "control")
    assert ended["iterations"] == iterations[-1] == (taken or 4)
    assert ended["weights"] == "best.caffemodel" and ended["best"]["iteration"] == 2


def interrupt_after(iteration, config, build, monkeypatch):
    """Train stage 1, with an interruption after an iteration."""
    update = stage_run.StageRun.update

    def interrupted_update(self):
        update(self)
        if self.solver.iter == iteration:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patched, pytest.raises(Interrupted):
        patched.setattr(stage_run.StageRun, "update", interrupted_update)
        train_stage.train_stage(config, "stage1", build)


def test_patience_counts_on_over_an_interruption(experiment, make_dataset, monkeypatch):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=20, patience=2))
    with_scores(monkeypatch, 30, 40, 10, None)
    interrupt_after(5, config, build, monkeypatch)
    train_stage.train_stage(config, "stage1", build)
    assert outcome(build)["iterations"] == 6 and outcome(build)["best"]["iteration"] == 2


def test_validations_on_other_images_choose_no_weights(experiment, make_dataset, monkeypatch, capsys):
    _, build = experiment
    stage1 = dict(STAGE, iterations=20, patience=1)
    config, _ = make_experiment(build.parent, make_dataset, stage1=stage1)
    with_scores(monkeypatch, 70, 90, 30, 20)
    interrupt_after(3, config, build, monkeypatch)
    config, _ = make_experiment(build.parent, make_dataset, stage1=stage1, validation={"images": 1})
    train_stage.train_stage(config, "stage1", build)
    assert "were on other images than `validation` names now" in capsys.readouterr().out
    records = [record for record in read_log(build / "stage1" / "log.jsonl") if record["kind"] == "validation"]
    assert [(record["iteration"], record["images"]) for record in records] == [(4, {"val": 1}), (6, {"val": 1})]
    assert outcome(build)["best"] == {"iteration": 4, "classes": 30}
    best, fourth = (build / "stage1" / name for name in ("best.caffemodel", "snapshot_iter_4.caffemodel"))
    assert best.read_bytes() == fourth.read_bytes()


def test_the_best_can_be_missing_no_more_than_the_last(experiment, monkeypatch):
    config, build = experiment
    train_stage.train_stage(config.copy(update={"stage1": config.stage1.copy(update={"patience": 9})}), "stage1", build)
    (build / "stage1" / "best.caffemodel").unlink()
    with pytest.raises(FileNotFoundError, match="best.caffemodel"):
        Build(build).weights("stage1")
    (build / "stage1" / "outcome.json").write_text("{")
    with pytest.raises(ValueError, match="outcome.json is damaged"):
        Build(build).weights("stage1")


def test_a_validation_that_was_interrupted_is_made_up_for(experiment, monkeypatch):
    config, build = experiment
    validate = stage_run.validate

    def interrupted_validate(net, metadata, counts, before_image):
        signal.raise_signal(signal.SIGTERM)
        return validate(net, metadata, counts, before_image)

    monkeypatch.setattr(stage_run, "validate", interrupted_validate)
    with pytest.raises(Interrupted) as raised:
        train_stage.train_stage(config, "stage1", build)
    assert raised.value.status == 143
    monkeypatch.setattr(stage_run, "validate", validate)
    train_stage.train_stage(config, "stage1", build)
    records = read_log(build / "stage1" / "log.jsonl")
    assert [record["iteration"] for record in records if record["kind"] == "validation"] == [0, 2, 4]


def poison(monkeypatch, iteration, what):
    """Put NaN into the weights after an iteration, or into the loss before it."""
    method = getattr(stage_run.StageRun, what)

    def poisoned(self, *arguments):
        result = method(self, *arguments)
        if self.solver.iter == iteration:
            if what == "update":
                self.solver.net.params["conv3_1"][0].data[0] = math.nan
            else:
                return math.nan
        return result

    monkeypatch.setattr(stage_run.StageRun, what, poisoned)


@pytest.mark.parametrize("what, iteration", [("update", 4), ("update", 3), ("_per_labelled_pixel", 3)])
def test_divergence_stops_the_run_and_keeps_the_last_good_state(experiment, make_dataset, monkeypatch, what, iteration):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=8))
    poison(monkeypatch, iteration, what)
    with pytest.raises(stage_run.Diverged, match=f"at iteration {iteration}: .* snapshot of iteration 2 is kept. "
                                                 "Try a lower base_lr than 0.001"):
        train_stage.train_stage(config, "stage1", build)
    newest = max(int(path.stem.split("_")[-1]) for path in (build / "stage1").glob("snapshot*.json"))
    assert newest == 2
    monkeypatch.undo()
    train_stage.train_stage(config, "stage1", build)  # the cause is gone: it goes on
    assert outcome(build)["iterations"] == 8


def test_an_explosion_stops_the_run(experiment, make_dataset, monkeypatch):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=400, validate_every=100))
    monkeypatch.setattr(stage_run.StageRun, "_per_labelled_pixel", lambda self, net, top: 1.2 ** self.solver.iter)
    with pytest.raises(stage_run.Diverged, match="The loss has grown to .* from 1 at the stage's beginning"):
        train_stage.train_stage(config, "stage1", build)


@pytest.mark.parametrize("damage, sentence", [
    (lambda lmdb: shutil.rmtree(lmdb), "can't be read any more"),
    (lambda lmdb: (lmdb / "train" / "data.mdb").unlink(), "can't be read any more"),
    (lambda lmdb: os.utime(lmdb / "train" / "data.mdb", (1, 1)), "changed while it was trained on"),
    (lambda lmdb: shutil.copytree(lmdb / "val", lmdb / "train", dirs_exist_ok=True), "changed while"),
])
def test_a_dataset_that_vanishes_or_changes_is_one_sentence(experiment, make_dataset, monkeypatch, capfd, damage,
                                                            sentence):
    _, build = experiment
    config, _ = make_experiment(build.parent, make_dataset, stage1=dict(STAGE, iterations=30, validate_every=10))
    update = stage_run.StageRun.update

    def damaging_update(self):
        update(self)
        if self.solver.iter == 13:
            damage(build / "lmdb")

    monkeypatch.setattr(stage_run.StageRun, "update", damaging_update)
    with pytest.raises(RuntimeError, match=f"{sentence}.* last snapshot is kept"):
        train_stage.train_stage(config, "stage1", build)
    assert "Traceback" not in capfd.readouterr().err
    assert (build / "stage1" / "snapshot_iter_10.json").exists()


def test_memory_that_runs_out_is_one_sentence(experiment, monkeypatch):
    config, build = experiment

    def no_memory(self):
        raise MemoryError

    monkeypatch.setattr(stage_run.StageRun, "gradients", no_memory)
    with pytest.raises(RuntimeError, match="Memory ran out at iteration 0"):
        train_stage.train_stage(config, "stage1", build)


HOLD = """
import sys, pathlib
from experiments.training.build_lock import build_lock
with build_lock(pathlib.Path(sys.argv[1]), "stage1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_and_names_the_first(experiment):
    config, build = experiment
    first = subprocess.Popen([sys.executable, "-c", HOLD, str(build)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert first.stdout.readline() == b"held\n"
        with pytest.raises(RuntimeError, match=f"{build} is in use: stage1 is trained there by process {first.pid} on "
                                               f"{os.uname().nodename} since 20"):
            train_stage.train_stage(config, "stage1", build)
        assert not list((build / "stage1").iterdir())
    finally:
        first.kill()
        first.wait()
    with build_lock(build, "stage1"):  # the killed one holds it no more
        pass


def test_a_folder_that_cannot_be_written_is_one_sentence(experiment, monkeypatch):
    config, build = experiment

    def read_only(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("builtins.open", read_only)
    with pytest.raises(OSError, match=f"{build} cannot be written .Read-only file system.; make it writable"):
        train_stage.train_stage(config, "stage1", build)


def test_a_log_that_cannot_be_written_is_one_sentence(experiment, monkeypatch):
    config, build = experiment

    def full(*arguments, **values):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(train_stage.TrainingLog, "append", full)
    with pytest.raises(OSError, match=f"{build} cannot be used .No space left on device.; the last snapshot is kept"):
        train_stage.train_stage(config, "stage1", build)


def test_gradients_and_update_can_be_called_apart(experiment):
    config, build = experiment
    with train_stage.Interruption() as interruption:
        run = train_stage._prepare(config, "stage1", Build(build), interruption)
    before = run.solver.net.params["conv1_1"][0].data.copy()
    assert run.gradients()["loss"] > 0 and run.solver.iter == 0
    assert np.array_equal(run.solver.net.params["conv1_1"][0].data, before)
    assert run.solver.net.params["score_fr"][0].diff.any()
    run.update()
    assert run.solver.iter == 1


@pytest.mark.parametrize("top, normalise, expected", [("certificate", True, 6.0), ("certificate", False, 2.0),
                                                      ("augmented_error", True, 0.5), ("augmented_error", False, 0.5)])
def test_the_log_counts_per_labelled_pixel_whatever_the_net_counts_in(top, normalise, expected):
    """The net's tops are sums, divided already, or a share of the labelled pixels, of which there are three."""
    blobs = {"certificate": np.array([6.0]), "augmented_error": np.array([0.5]), "label": np.array([0, 1, 255, 2])}
    net = types.SimpleNamespace(blobs={name: types.SimpleNamespace(data=data) for name, data in blobs.items()})
    run = types.SimpleNamespace(settings=types.SimpleNamespace(normalise=normalise))
    assert stage_run.StageRun._per_labelled_pixel(run, net, top) == expected
