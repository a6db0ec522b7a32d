"""Adam's update beside Caffe's own, and snapshots that either takes from the other."""

import caffe
import numpy as np
import pytest
from caffe.proto import caffe_pb2

from experiments.nets.definitions import read_prototxt
from experiments.training import adam
from experiments.training.adam import AdamSolver
from experiments.training.snapshots import Snapshots
from tests.experiments.tiny_experiment import STAGE, make_experiment


@pytest.fixture
def solvers(tmp_path, make_dataset):
    """Caffe's solver and ours of one net, whose rate falls after two iterations, with weights that are alike."""
    config, build = make_experiment(tmp_path, make_dataset, stage3=dict(
        STAGE, steps=[2], step_factor=0.3, iter_size=2, weight_decay=0.01, momentum=0.8))
    parameter = read_prototxt(build / "nets" / "stage3" / "solver.prototxt", caffe_pb2.SolverParameter)
    net = read_prototxt(parameter.train_net, caffe_pb2.NetParameter)
    ours = Snapshots(build / "stage3", None).open_solver(parameter, net)
    own = caffe.get_solver(str(build / "nets" / "stage3" / "solver.prototxt"))
    assert isinstance(ours, AdamSolver)
    copy(own.net, ours.net)
    return own, ours


def copy(source, target):
    for name, blobs in source.params.items():
        for mine, others in zip(target.params[name], blobs):
            mine.data[...] = others.data


def step(iteration, *solvers):
    """Give the solvers the same random gradients, of sizes from 1e-6 to 1, and let them change their weights."""
    for solver in solvers:
        generator = np.random.default_rng(iteration)
        for name, blobs in solver.net.params.items():
            for blob in () if name.startswith(("data_", "upscore")) else blobs:
                shape = blob.data.shape
                blob.diff[...] = generator.normal(0, 1, shape) * 10.0 ** generator.uniform(-6, 0, shape)
        solver.apply_update()


def assert_alike(own, ours):
    assert own.iter == ours.iter
    for name, blobs in own.net.params.items():
        for mine, others in zip(ours.net.params[name], blobs):
            np.testing.assert_allclose(mine.data, others.data, rtol=2e-6, atol=2e-8, err_msg=name)


@pytest.mark.parametrize("piece", [7, adam.PIECE])
def test_weights_are_those_of_caffe(solvers, monkeypatch, piece):
    monkeypatch.setattr(adam, "PIECE", piece)
    start = solvers[0].net.params["conv1_1"][0].data.copy()
    for iteration in range(5 if piece > 7 else 1):
        step(iteration, *solvers)
    assert_alike(*solvers)
    assert abs(solvers[0].net.params["conv1_1"][0].data - start).max() > 1e-4


def state_with_weights(path, weights):
    """Let a state name its weights, as `Snapshots` does."""
    path.write_bytes(path.read_bytes() + caffe_pb2.SolverState(learned_net=str(weights)).SerializeToString())
    return str(path)


def test_caffe_goes_on_from_ours(solvers, tmp_path):
    own, ours = solvers
    for iteration in range(3):
        step(iteration, own, ours)
    with open(tmp_path / "state", "wb") as file:
        ours.save(str(tmp_path / "weights"), file)
    for blobs in own.net.params.values():
        blobs[0].data[...] = 0
    own.restore(state_with_weights(tmp_path / "state", tmp_path / "weights"))
    for iteration in range(3, 6):
        step(iteration, own, ours)
    assert_alike(own, ours)


def test_ours_goes_on_from_caffes(solvers, tmp_path):
    own, ours = solvers
    for iteration in range(3):
        step(iteration, own)
    own.net.save(str(tmp_path / "weights"))
    own.snapshot()
    [state] = tmp_path.glob("build/**/*.solverstate")
    ours.restore(str(state))
    for iteration in range(3, 6):
        step(iteration, own, ours)
    assert_alike(own, ours)


def test_a_step_by_hand():
    weights, means, squares = (np.array([value], np.float32) for value in (1.0, 0.5, 0.25))
    adam.update(weights, np.array([2.0], np.float32), means, squares, scale=0.5, decay=0.1, rate=0.01,
                decays=(0.9, 0.99), epsilon=0.1)
    gradient = 0.5 * 2 + 0.1 * 1
    assert means[0] == pytest.approx(0.9 * 0.5 + 0.1 * gradient)
    assert squares[0] == pytest.approx(0.99 * 0.25 + 0.01 * gradient ** 2)
    assert weights[0] == pytest.approx(1 - 0.01 * means[0] / (squares[0] ** 0.5 + 0.1))
