"""Weights between stages: what is handed on, by name, and what is refused."""

import caffe
import numpy as np
import pytest
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from experiments.nets.caffemodel import copy_learnt_terms, read_learnt_blobs
from experiments.settings.build_paths import Build
from experiments.training import train_stage
from experiments.training.signals import Interruption
from prototxt.nets import crf_net
from prototxt.stages import STAGES
from tests.prototxt.test_fcn import CRF

HANDED_ON = [stage for stage in STAGES if STAGES[stage].predecessor]
# The paper's section 4.1 adds a skip branch a stage, none to the joint one.
SCORES = {"stage2": ["score_pool4"], "stage3": ["score_pool3"], "stage4": [], "control": []}


def write_weights(build, stage):
    """Write a stage's final weights, random but for the upsampling kernels; return them by layer."""
    net = caffe.Net(str(build / "nets" / stage / "deploy.prototxt"), caffe.TEST)
    generator = np.random.default_rng(3)
    for name, blobs in net.params.items():
        for blob in blobs if not name.startswith("upscore") else ():
            blob.data[...] = generator.normal(0, 1, blob.data.shape)
    (build / stage).mkdir(exist_ok=True)
    net.save(str(build / stage / "final.caffemodel"))
    return {name: [blob.data.copy() for blob in blobs] for name, blobs in net.params.items()}


@pytest.mark.parametrize("stage", HANDED_ON)
def test_a_stage_starts_from_all_that_its_predecessor_has_learnt(experiment, capsys, stage):
    config, build = experiment
    learnt = write_weights(build, STAGES[stage].predecessor)
    net = train_stage._prepare(config, stage, Build(build), Interruption()).solver.net
    learnt = {name: blobs for name, blobs in learnt.items() if not name.startswith("upscore")}
    for name, blobs in learnt.items():
        for blob, given in zip(net.params[name], blobs):
            np.testing.assert_array_equal(blob.data, given)
    new = [name for name in net.params if name.startswith(("conv", "fc", "score")) and name not in learnt]
    assert new == SCORES[stage]
    assert not any(blob.data.any() for name in new for blob in net.params[name])
    line, = [line for line in capsys.readouterr().out.splitlines() if "layers copied" in line]
    assert all(name in line.partition("new: ")[2].partition("; dropped")[0] for name in new)
    dropped = {"stage2": "upscore32", "stage3": "upscore16"}.get(stage, "none")
    assert line.endswith(f"; dropped: {dropped}")


def without(model, name):
    model.layer.remove(next(layer for layer in model.layer if layer.name == name))


def of_other_shape(model, name):
    blob = next(layer for layer in model.layer if layer.name == name).blobs[0]
    blob.shape.dim[0], blob.shape.dim[1] = blob.shape.dim[1], blob.shape.dim[0]


def with_one_more(model, name):
    model.layer.add().CopyFrom(next(layer for layer in model.layer if layer.blobs))
    model.layer[-1].name = name


@pytest.mark.parametrize("change, name, words", [
    (without, "fc7", "has no layer fc7"), (without, "score_pool4", "has no layer score_pool4"),
    (of_other_shape, "conv2_1", "layer conv2_1 has blobs of shapes"),
    (with_one_more, "score_pool5", "layer score_pool5 is not in this one"),
    (with_one_more, "upscore32", "layer upscore32 is not in this one")])
def test_an_unexpected_difference_is_refused(experiment, change, name, words):
    config, build = experiment
    write_weights(build, "stage2")
    path = build / "stage2" / "final.caffemodel"
    model = caffe_pb2.NetParameter.FromString(path.read_bytes())
    change(model, name)
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ValueError, match=f"stage2/final.caffemodel belongs to another net: .*{words}") as error:
        train_stage.train_stage(config, "stage3", build)
    assert "\n" not in str(error.value) and not list((build / "stage3").glob("snapshot*"))


def test_a_file_that_is_cut_off_is_refused(experiment):
    config, build = experiment
    write_weights(build, "stage3")
    path = build / "stage3" / "final.caffemodel"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ValueError, match="is not a caffemodel or is truncated"):
        train_stage.train_stage(config, "stage4", build)


def load_crf(folder, **changes):
    path = folder / "crf.prototxt"
    path.write_text(text_format.MessageToString(crf_net(3, (4, 5), {**CRF, **changes})))
    return caffe.Net(str(path), caffe.TEST)


def test_learnt_terms_are_copied_only_where_they_fit(tmp_path):
    learnt, eight = dict(learn_contrast=True, learn_compatibility="directed"), ((0, 1), (1, 0), (1, 1), (1, -1))
    net, path = load_crf(tmp_path, **learnt), tmp_path / "learnt.caffemodel"
    net.params["contrast"][2].data[...] = [0.5, -0.25]
    net.params["compatibility"][0].data[1, 2, 0] = 7
    net.save(str(path))
    blobs = read_learnt_blobs(path)
    assert set(blobs) == {"contrast", "compatibility"} and blobs["contrast"][2].tolist() == [0.5, -0.25]
    other = load_crf(tmp_path, **learnt)
    copy_learnt_terms(other, path)
    assert other.params["contrast"][2].data.tolist() == [0.5, -0.25]
    np.testing.assert_array_equal(other.params["compatibility"][0].data, blobs["compatibility"][0])
    more = load_crf(tmp_path, **learnt, pairwise_net="image")
    copy_learnt_terms(more, path)  # the file's net had none: it stays as it starts
    assert not more.params["pairwise_score"][0].data.any()
    with pytest.raises(ValueError, match="its layer contrast is not in this one"):
        copy_learnt_terms(load_crf(tmp_path, learn_compatibility="directed"), path)
    with pytest.raises(ValueError, match="its layer contrast has blobs of shapes"):
        copy_learnt_terms(load_crf(tmp_path, **learnt, neighbours=eight), path)
