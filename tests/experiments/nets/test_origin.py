"""Nets of another configuration: refused where a setting that they follow from differs, and there alone."""

import pytest
import yaml

from experiments import evaluate, generate_nets, train
from experiments.nets.origin import check_labelling_nets, check_training_nets
from experiments.settings.config import load_config
from tests.experiments.tiny_experiment import CONFIG, STAGE


@pytest.fixture
def made(tmp_path, make_dataset, command):
    """A function that gives the configuration with other values, and a build folder with the nets of the plain one."""
    make_dataset({"train": [(40, 48)] * 2, "val": [(40, 48)]}, tmp_path / "build")

    def configured(**values):
        path = tmp_path / "tiny.yaml"
        path.write_text(yaml.safe_dump({**CONFIG, **values}))
        return load_config(path)

    configured()
    assert command(generate_nets.main, "--config", tmp_path / "tiny.yaml", "--build", tmp_path / "build")[0] == 0
    return configured, tmp_path / "build"


@pytest.mark.parametrize("values, for_labels, for_crf, for_training", [
    ({}, True, True, True), ({"grid": {"lam": [1]}, "best": {"crf": {"lam": 9}}}, True, True, True),
    ({"crf": {"iterations": 3, "lam": 5}}, True, False, True),    # stage 1 is neither trained nor validated with it
    ({"net": {**CONFIG["net"], "padding": "fcn"}}, False, False, False),
    ({"image_scale": 0.5}, False, False, False), ({"seed": 2}, True, True, False),
    ({"stage1": {**STAGE, "base_lr": 0.5}}, True, True, False), ({"stage2": {**STAGE, "batch": 1}}, True, True, True),
    ({"training_images": 1}, True, True, False),
    ({"augmentation": {"hue": 0.1}}, True, True, False), ({"validation": {"images": 1}}, True, True, False)])
def test_what_a_net_follows_from_must_be_the_same(made, values, for_labels, for_crf, for_training):
    configured, build = made
    config = configured(**values)
    for check, passes in ((lambda: check_labelling_nets(config, build, crf=False), for_labels),
                          (lambda: check_labelling_nets(config, build, crf=True), for_crf),
                          (lambda: check_training_nets(config, build, "stage1"), for_training)):
        if passes:
            check()
        else:
            with pytest.raises(ValueError, match=f"the key '{list(values)[0]}' differs; run `make nets` with this one"):
                check()


def test_a_control_has_the_settings_of_its_stage(made):
    configured, build = made
    with pytest.raises(ValueError, match="the key 'control' differs"):
        check_training_nets(configured(stage4={**CONFIG["stage4"], "base_lr": 0.5}), build, "control")


def test_nets_of_ones_own_have_no_record_and_pass_and_a_damaged_record_is_named(made):
    configured, build = made
    record = build / "nets" / "config.yaml"
    record.write_text("dataset: [")
    with pytest.raises(ValueError, match="config.yaml .*; run `make nets` to make them anew"):
        check_labelling_nets(configured(), build, crf=True)
    record.unlink()
    check_labelling_nets(configured(crf={"lam": 9}), build, crf=True)


def test_commands_refuse_other_nets_and_take_them_when_made_anew(made, command, tmp_path):
    configured, build = made
    experiment = ("--config", tmp_path / "tiny.yaml", "--build", build)
    configured(net={**CONFIG["net"], "dropout": 0.25}, crf={"iterations": 3, "lam": 5})
    for words in ((train.main, *experiment, "--stage", "1"), (evaluate.main, *experiment)):
        status, _, errors = command(*words)
        assert status == 1 and errors.count("\n") == 1 and "run `make nets` with this one" in errors
    assert not (build / "stage1" / "log.jsonl").exists()
    assert command(generate_nets.main, *experiment)[0] == 0
    assert command(train.main, *experiment, "--stage", "1")[0] == 0
