"""Nets and solvers as files: what a configuration puts into them, and damaged ones."""

import json
import math
from pathlib import Path

import caffe
import numpy as np
import pytest
from caffe.proto import caffe_pb2

from data_prep.store.records import open_records
from experiments.nets.class_balance import balanced_weights, class_frequencies
from experiments.nets.definitions import generate_nets, read_prototxt, validation_counts
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from tests.experiments.tiny_experiment import STAGE, make_experiment

AUGMENTATION = {"scale": [0.5, 2.0], "crop": [24, 32], "hue": 0.1}


def parameters(build, stage, kind):
    net = read_prototxt(Build(build).net(stage, kind), caffe_pb2.NetParameter)
    return json.loads(net.layer[0].python_param.param_str)


def test_augmentation_is_for_training_alone(tmp_path, make_dataset):
    _, build = make_experiment(tmp_path, make_dataset, augmentation=AUGMENTATION)
    assert parameters(build, "stage1", "train")["augmentation"] == AUGMENTATION
    assert "augmentation" not in parameters(build, "stage1", "val")
    net = caffe.Net(str(Build(build).net("stage1", "train")), caffe.TRAIN)
    assert net.blobs["data"].data.shape == (2, 3, 24, 32)


def test_late_augmentation_begins_after_the_images_of_its_iteration(tmp_path, make_dataset):
    late = {"late_from": 3, "late_augmentation": {"crop": [8, 8]}}
    make_experiment(tmp_path, make_dataset, stage1={**STAGE, "batch": 2, "iter_size": 4, **late})
    found = parameters(tmp_path / "build", "stage1", "train")
    assert (found["late_from"], found["late_augmentation"]) == (24, {"crop": [8, 8]})
    assert "late_from" not in parameters(tmp_path / "build", "stage2", "train")


def test_nets_that_work_on_smaller_images_are_trained_validated_and_deployed_on_them(tmp_path, make_dataset):
    _, build = make_experiment(tmp_path, make_dataset, augmentation=AUGMENTATION, image_scale=0.5)
    assert parameters(build, "stage1", "train")["augmentation"] == {**AUGMENTATION, "scale": [0.25, 1.0]}
    assert parameters(build, "stage1", "val")["augmentation"] == {"scale": [0.5, 0.5]}
    shapes = {kind: caffe.Net(str(Build(build).net("stage4", kind)), caffe.TEST).blobs["data"].data.shape
              for kind in ("val", "deploy")}
    assert shapes == {"val": (1, 3, 20, 24), "deploy": (1, 3, 20, 24)}


def test_validation_goes_through_the_splits_one_after_the_other(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset, validation={"splits": ["val", "train"], "images": 3})
    solver = read_prototxt(Build(build).net("stage1", "solver"), caffe_pb2.SolverParameter)
    assert list(solver.test_iter) == [2 + 3]  # val has two images
    assert validation_counts(config.validation, Build(build).metadata()) == {"val": 2, "train": 3}
    folders = [str(Build(build).split(split)) for split in ("val", "train")]
    assert parameters(build, "stage1", "val")["source"] == folders


def test_so_many_training_images_are_trained_on_and_balance_the_classes(tmp_path, make_dataset):
    stage = {**STAGE, "balance": 1}
    _, build = make_experiment(tmp_path, make_dataset, stage1=stage)
    of_all = infogain_weights(build)
    _, build = make_experiment(tmp_path, make_dataset, stage1=stage, training_images=2)
    found = parameters(build, "stage1", "train")
    assert (found["records"], found["spread"]) == (2, True)
    assert "records" not in parameters(build, "stage1", "val")
    records = open_records(str(Build(build).split("train")))
    weights = balanced_weights(*class_frequencies(records, [0, 2], 3, 255), 1)
    np.testing.assert_allclose(infogain_weights(build), weights, rtol=1e-6)
    assert np.abs(of_all - weights).max() > 1e-3


def infogain_weights(build):
    net = read_prototxt(Build(build).net("stage1", "train"), caffe_pb2.NetParameter)
    blob = caffe_pb2.BlobProto.FromString(Path(net.layer[-1].infogain_loss_param.source).read_bytes())
    return np.reshape(blob.data, blob.shape.dim)[0, 0].diagonal()


def test_more_training_images_than_there_are_are_refused(tmp_path, make_dataset):
    with pytest.raises(ValueError, match="training_images is 6, but tiny has 5 images to train on; take fewer"):
        make_experiment(tmp_path, make_dataset, training_images=6)


def test_a_split_that_is_not_there_is_named(tmp_path, make_dataset):
    with pytest.raises(ValueError, match="the split drive, which the dataset tiny has not; its splits are train, val"):
        make_experiment(tmp_path, make_dataset, validation={"splits": ["drive"]})


def test_balanced_classes_have_weights_and_caffe_takes_them(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset, stage1={**STAGE, "balance": 0.5})
    losses = {stage: read_prototxt(Build(build).net(stage, "train"), caffe_pb2.NetParameter).layer[-1].type
              for stage in ("stage1", "stage2")}
    assert losses == {"stage1": "InfogainLoss", "stage2": "SoftmaxWithLoss"}
    solver = caffe.get_solver(str(Build(build).net("stage1", "solver")))
    solver.step(1)
    classes = len(Build(build).metadata().classes)
    assert 0 < float(solver.net.blobs["loss"].data) < 3 * math.log(classes)


def test_nets_that_are_missing_or_damaged_name_the_command(tmp_path, make_dataset):
    _, build = make_experiment(tmp_path, make_dataset)
    path = Build(build).net("stage1", "train")
    path.write_text("layer {")
    with pytest.raises(ValueError, match="is not a NetParameter .*make nets"):
        read_prototxt(path, caffe_pb2.NetParameter)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="make nets"):
        read_prototxt(path, caffe_pb2.NetParameter)


def test_a_cooled_softmax_gives_the_costs_and_the_cnn_keeps_its_own(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset, crf={"iterations": 3, "temperature": 4})
    generate_nets(load_config(tmp_path / "tiny.yaml"), build)
    net = caffe.Net(str(Build(build).net("stage4", "deploy")), caffe.TEST)
    generator = np.random.RandomState(0)
    for name, blobs in net.params.items():
        if name.startswith("score"):
            blobs[0].data[...] = generator.randn(*blobs[0].data.shape)
    net.blobs["data"].data[...] = generator.randn(*net.blobs["data"].data.shape) * 50
    net.forward()
    score = net.blobs["score"].data[0].astype(float)
    for name, temperature, sign in (("prob", 1, 1), ("unary", 4, -1)):
        exponentials = np.exp((score - score.max(axis=0)) / temperature)
        np.testing.assert_allclose(net.blobs[name].data[0], sign * exponentials / exponentials.sum(axis=0), atol=1e-5)
    train = read_prototxt(Build(build).net("stage4", "train"), caffe_pb2.NetParameter)
    assert "prob" not in [top for layer in train.layer for top in layer.top]  # it would be an output of the net


def loss_parameters(build, stage):
    net = read_prototxt(Build(build).net(stage, "train"), caffe_pb2.NetParameter)
    weights, loss = (layer.python_param for layer in net.layer
                     if layer.python_param.layer in ("ContrastWeights", "SSVMLoss"))
    return json.loads(weights.param_str), json.loads(loss.param_str)


def test_nets_of_variants_differ_in_the_loss_alone(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset)
    generate_nets(config, build, ["joint-without-edges", "joint-trained-icm", "joint-trained-50"])
    weights, loss = loss_parameters(build, "stage4")
    assert loss_parameters(build, "joint-without-edges") == ({**weights, "lam": 0}, loss)
    assert loss_parameters(build, "joint-trained-icm") == (weights, {**loss, "decode": "icm"})
    assert loss_parameters(build, "joint-trained-50") == (weights, {**loss, "iterations": 50})
    own, plain = (Build(build).net(stage, "deploy").read_text().splitlines()
                  for stage in ("joint-without-edges", "stage4"))
    assert own[1:] == plain[1:] and Build(build).stage("joint-trained-50").is_dir()  # the first line is the name
    solver = caffe.get_solver(str(Build(build).net("joint-trained-icm", "solver")))
    solver.step(1)
    assert np.isfinite(float(solver.net.blobs["loss"].data))


def test_the_margin_is_in_the_loss_where_it_is_not_the_papers(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset)
    generate_nets(config, build, ["joint-iou"])
    assert loss_parameters(build, "joint-iou")[1] == {**loss_parameters(build, "stage4")[1], "margin": "iou"}


def test_balanced_margins_are_in_the_loss_and_a_rare_class_has_a_larger_one(tmp_path, make_dataset):
    config, build = make_experiment(tmp_path, make_dataset)
    generate_nets(config, build, ["joint-balanced-05", "joint-lam10"])
    gamma = np.array(loss_parameters(build, "joint-balanced-05")[1]["gamma"])
    assert gamma.shape == (3, 3) and (np.diag(gamma) == 0).all() and 0 < gamma.max() < 1
    pixels, frequencies = class_frequencies(open_records(str(build / "lmdb" / "train")), range(5), 3, 255)
    assert np.argmax(gamma.sum(axis=1)) == np.argmin(frequencies)
    assert (gamma.max(axis=1) * pixels).sum() / pixels.sum() == pytest.approx(0.1, rel=1e-5)
    assert loss_parameters(build, "joint-lam10")[1]["gamma"] == 0.1
    solver = caffe.get_solver(str(Build(build).net("joint-balanced-05", "solver")))
    solver.step(1)
    assert np.isfinite(float(solver.net.blobs["loss"].data))
