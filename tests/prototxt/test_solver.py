"""Solvers: their fields, their learning rate as Caffe computes it, and a validation that Caffe never runs."""

import caffe
import pytest
from google.protobuf import text_format

from prototxt.solver import solver

NET = ('layer {{ name: "x" type: "DummyData" top: "x" dummy_data_param {{ shape {{ dim: 1 dim: 1 }} '
       'data_filler {{ type: "constant" value: 1 }} }} }} '
       'layer {{ name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {{ num_output: 1 '
       'bias_term: false }} }} layer {{ name: "loss" type: "{loss}" bottom: "y" top: "loss" loss_weight: 1 }}')
SETTINGS = dict(type="SGD", base_lr=0.5, iterations=6, momentum=0.0, weight_decay=0.0, iter_size=1, snapshot=100)


def make(folder, **settings):
    """Return a solver whose loss is the only weight, so that each iteration subtracts the rate from it."""
    for name in ("train", "val"):
        (folder / f"{name}.prototxt").write_text(NET.format(loss="Reduction"))
    return solver(str(folder / "train.prototxt"), str(folder / "val.prototxt"), 7, str(folder / "snapshot"), 3,
                  **dict(SETTINGS, **settings))


def weights_of(folder, parameter):
    """Return the weight before and after each iteration of Caffe."""
    (folder / "solver.prototxt").write_text(text_format.MessageToString(parameter))
    caffe_solver = caffe.get_solver(str(folder / "solver.prototxt"))
    blob = caffe_solver.net.params["y"][0]
    weights = [float(blob.data)]
    for _ in range(parameter.max_iter):
        caffe_solver.step(1)
        weights.append(float(blob.data))
    return weights


@pytest.mark.parametrize("steps, rates", [((), [0.5] * 6), ((2, 5), [0.5, 0.5, 0.05, 0.05, 0.05, 0.005])])
def test_the_rate_falls_at_the_steps_alone(tmp_path, steps, rates):
    weights = weights_of(tmp_path, make(tmp_path, steps=steps))
    assert [before - after for before, after in zip(weights, weights[1:])] == pytest.approx(rates, rel=1e-4)


def test_adam_takes_the_momentum_as_its_first_decay_rate(tmp_path):
    parameter = make(tmp_path, type="Adam", momentum=0.8)
    assert parameter.type == "Adam"
    assert (parameter.momentum, parameter.momentum2) == (pytest.approx(0.8), pytest.approx(0.999))
    # constant gradients: without their bias both means are 1, and a step is the rate
    weights = weights_of(tmp_path, parameter)
    assert [before - after for before, after in zip(weights, weights[1:])] == pytest.approx([0.5] * 6, rel=1e-3)


def test_caffe_makes_the_validation_net_and_never_runs_it(tmp_path):
    parameter = make(tmp_path)
    assert list(parameter.test_net) == [str(tmp_path / "val.prototxt")] and list(parameter.test_iter) == [7]
    assert not parameter.test_initialization and parameter.test_interval > 10 ** 8


def test_paths_and_seed_are_those_given(tmp_path):
    parameter = make(tmp_path, iter_size=4, weight_decay=0.25)
    assert (parameter.train_net, parameter.snapshot_prefix) == (str(tmp_path / "train.prototxt"),
                                                                str(tmp_path / "snapshot"))
    assert (parameter.random_seed, parameter.iter_size, parameter.weight_decay, parameter.snapshot) == (3, 4, 0.25, 100)
