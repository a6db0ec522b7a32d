"""The table of stages against the nets that are generated, the Makefile, and a table with one row more."""

import re
from pathlib import Path

import pydantic
import pytest
import yaml
from caffe.proto import caffe_pb2
from google.protobuf import text_format

import prototxt.stages
from experiments.scoring.result_rows import WEIGHT_SETS
from experiments.settings.config import load_config, make_config_model
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net
from prototxt.stages import (CNN, CONTROL, JOINT, LOVASZ, SOFTMAX, SSVM, STAGES, VARIANTS, Stage, find_stage,
                             stages_before)
from tests.prototxt.test_fcn import CRF

REPOSITORY = Path(__file__).parents[2]
MAKEFILE = (REPOSITORY / "Makefile").read_text()
CNN_LAYERS = ("Convolution", "Deconvolution")  # those with weights


def weight_layers(stage):
    net = deploy_net(stage, Architecture(3, width=1 / 64), (40, 40), CRF)
    return {layer.name for layer in net.layer if layer.type in CNN_LAYERS}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_new_and_dropped_layers_are_those_by_which_the_nets_differ(stage):
    layers = weight_layers(stage.name)
    if stage.predecessor is None:
        assert stage.new_layers == {name for name in layers if not name.startswith(("conv", "fc"))}
        return
    before = weight_layers(stage.predecessor)
    assert (stage.new_layers, stage.dropped_layers) == (layers - before, before - layers)


def test_predecessors_and_controls_come_before():
    names = list(STAGES)
    for stage in STAGES.values():
        for other in (stage.predecessor, stage.control_of):
            assert other is None or names.index(other) < names.index(stage.name)
        assert stage.loss in (SOFTMAX, SSVM) and stage.stride in (32, 16, 8)


def test_the_roles_are_those_of_the_paper():
    assert STAGES[CNN].stride == 8 and not STAGES[CNN].crf
    assert (STAGES[JOINT].predecessor, STAGES[JOINT].loss, STAGES[JOINT].crf) == (CNN, SSVM, True)
    assert (STAGES[CONTROL].predecessor, STAGES[CONTROL].loss, STAGES[CONTROL].control_of) == (CNN, SOFTMAX, JOINT)


def test_the_makefile_has_the_same_stages():
    assert re.search(r"^STAGES = (.*)$", MAKEFILE, re.M).group(1).split() == list(STAGES)
    for stage in STAGES.values():
        assert re.search(rf"^train-{stage.name}: \$\(BUILD\)/{stage.name}/final.caffemodel ", MAKEFILE, re.M)
    weights = r"\$\(BUILD\)/(\w+)/final\.caffemodel"
    rules = re.findall(rf"^{weights}: \| {weights}(?: {weights})?$", MAKEFILE, re.M)
    assert rules == [(stage.name, stage.predecessor, stage.control_of or "") for stage in STAGES.values()
                     if stage.predecessor]


def test_the_makefile_scores_what_the_rows_ask_for():
    unscored = re.search(r"^SCORED = \$\(filter-out (.*),\$\(WEIGHTS\)\)$", MAKEFILE, re.M).group(1).split()
    assert [stage for stage in STAGES if f"%/{stage}/final.caffemodel" not in unscored] == list(WEIGHT_SETS)


def test_one_more_row_makes_its_nets_and_its_key_in_the_configuration(monkeypatch, tmp_path):
    row = Stage("colder", "colder", 8, JOINT, loss=SSVM, crf=True)
    monkeypatch.setitem(prototxt.stages.STAGES, row.name, row)
    net = caffe_pb2.NetParameter()
    text_format.Parse(str(deploy_net("colder", Architecture(3, width=1 / 64), (40, 40), CRF)), net)
    assert "colder" in net.name and "CRFInference" in {layer.python_param.layer for layer in net.layer}
    settings = {"base_lr": 0.001, "iterations": 4, "validate_every": 2}
    model = make_config_model()
    stages = {f"stage{number}": settings for number in (1, 2, 3, 4)}
    with pytest.raises(pydantic.ValidationError, match="colder"):
        model(dataset="tiny", **stages)
    config = model(dataset="tiny", colder=dict(settings, base_lr=0.5), **stages)
    assert config.stage("colder").base_lr == 0.5 and config.stage("control") == config.stage(JOINT)


@pytest.mark.parametrize("stage", VARIANTS.values(), ids=VARIANTS)
def test_variants_differ_from_their_stage_in_settings_alone(stage):
    origin = STAGES[stage.variant_of]
    assert stage.name not in STAGES and stage != origin
    assert stage.loss in (SOFTMAX, SSVM, LOVASZ)
    kept = stage._replace(name=origin.name, title=origin.title, variant_of=None, rate=1, loss=origin.loss,
                          configured=False, loss_settings=origin.loss_settings, settings=origin.settings)
    if stage.from_random:
        assert stage.predecessor is None and set(stage.as_long_as) < set(STAGES)
        kept = kept._replace(predecessor=origin.predecessor, new_layers=origin.new_layers, crf=origin.crf,
                             dropped_layers=origin.dropped_layers, as_long_as=(), from_random=False)
        assert stage.new_layers == {name for name in weight_layers(stage.name) if not name.startswith(("conv", "fc"))}
    assert kept == origin
    assert stage.rate != 1 or stage.loss_settings or stage.settings or stage.configured or stage.loss != origin.loss
    assert weight_layers(stage.name) == weight_layers(origin.name)


def test_what_comes_before_a_stage():
    assert stages_before("stage1") == [] and stages_before(CNN) == ["stage1", "stage2"]
    assert stages_before(JOINT) == ["stage1", "stage2", CNN] and stages_before("scratch") == []
    assert stages_before("control-x3") == ["stage1", "stage2", CNN, JOINT]
    assert find_stage("control-x3") is VARIANTS["control-x3"] and find_stage(CNN) is STAGES[CNN]


def test_a_stage_that_the_table_lacks_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    settings = {"base_lr": 0.001, "iterations": 4, "validate_every": 2}
    path.write_text(yaml.safe_dump({"dataset": "tiny", **{f"stage{number}": settings for number in range(1, 6)}}))
    with pytest.raises(ValueError, match="the key 'stage5' is wrong"):
        load_config(path)
