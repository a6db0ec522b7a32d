"""Weights that were trained with other settings than those that are there now."""

import shutil

import pytest

from experiments.training import train_stage
from experiments.training.kept_weights import changes_since_training
from tests.experiments.tiny_experiment import STAGE, make_experiment


@pytest.fixture
def trained(tmp_path, make_dataset):
    """Return a function that makes the nets of a configuration, after stages 1 and 2 were trained with the first."""
    def make(**changes):
        return make_experiment(tmp_path, make_dataset, **changes)
    config, build = make()
    for stage in ("stage1", "stage2"):
        train_stage.train_stage(config, stage, build)
    return make


def test_as_trained_there_is_nothing_to_say(trained):
    _, build = trained()
    assert changes_since_training(build, ["stage1", "stage2", "stage3"]) == []


def test_limits_may_change(trained):
    _, build = trained(stage2=dict(STAGE, iterations=40))
    assert changes_since_training(build, ["stage2"]) == []


def test_another_setting_is_named(trained):
    _, build = trained(stage2=dict(STAGE, base_lr=0.5))
    [sentence] = changes_since_training(build, ["stage1", "stage2", "stage3"])
    assert sentence.startswith("The weights of stage2 are from before a change: its snapshot was made with another "
                               "configuration: 'base_lr: 0.001' there") and "'base_lr: 0.5' here" in sentence
    assert sentence.endswith(f"Remove {build / 'stage2'} to have it trained anew.")


def test_a_stage_that_was_trained_again_leaves_the_next_one_behind(trained):
    _, build = trained()
    final = build / "stage1" / "final.caffemodel"
    shutil.copy(build / "stage2" / "final.caffemodel", final)
    [sentence] = changes_since_training(build, ["stage2"])
    assert "its snapshot started from other weights than those that are there now" in sentence


@pytest.mark.parametrize("lost", ["stage2/snapshot_iter_4.json", "stage1/final.caffemodel",
                                  "nets/stage2/train.prototxt", "stage2/final.caffemodel"])
def test_where_something_is_gone_nothing_is_known(trained, lost):
    _, build = trained(stage2=dict(STAGE, base_lr=0.5))
    assert len(changes_since_training(build, ["stage2"])) == 1
    (build / lost).unlink()
    assert changes_since_training(build, ["stage2"]) == []


def test_a_damaged_record_tells_nothing(trained):
    _, build = trained(stage2=dict(STAGE, base_lr=0.5))
    (build / "stage2" / "snapshot_iter_4.json").write_text('{"iteration": 4')
    assert changes_since_training(build, ["stage2"]) == []
