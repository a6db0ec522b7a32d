"""Gradients of an iteration, image by image, beside those of Caffe's own batches."""

import caffe
import numpy as np
import pytest
from caffe.proto import caffe_pb2

from experiments.mpi.data_parallel import data_count
from experiments.mpi.processes import SingleProcess
from experiments.nets.definitions import generate_nets, image_by_image, read_prototxt
from experiments.training.shared_iteration import MEASURED, SharedIteration, labelled_pixels
from experiments.training.snapshots import Snapshots
from prototxt.stages import SSVM, find_stage
from tests.experiments.tiny_experiment import STAGE, make_experiment


@pytest.fixture
def nets(tmp_path, make_dataset):
    """Return a function that makes (Caffe's own solver, one that takes image by image, settings) of a stage."""
    def make(stage, **changes):
        config, build = make_experiment(tmp_path, make_dataset, net=dict(width=1 / 64, padding="same", dropout=0),
                                        **{find_stage(stage).variant_of or stage: dict(STAGE, **changes)})
        generate_nets(config, build, [stage])
        parameter = read_prototxt(build / "nets" / stage / "solver.prototxt", caffe_pb2.SolverParameter)
        net = read_prototxt(parameter.train_net, caffe_pb2.NetParameter)
        snapshots = Snapshots(build / stage, None)
        own, single = (snapshots.open_solver(parameter, kind)
                       for kind in (net, image_by_image(net, parameter.iter_size * config.stage(stage).batch)))
        caffe.set_random_seed(3)
        for name, blobs in own.net.params.items():
            if name.startswith("score"):
                blobs[0].data[...] = np.random.default_rng(len(name)).normal(0, 0.05, blobs[0].data.shape)
            for mine, others in zip(single.net.params[name], blobs):
                mine.data[...] = others.data
        return own, single, config.stage(stage)
    return make


def normalised(net, top):
    return float(net.blobs[top].data)


def per_pixel(net, top):
    return float(net.blobs[top].data) / (1 if top == "augmented_error" else labelled_pixels(net))


CASES = [dict(batch=4), dict(batch=2, iter_size=3), dict(iter_size=3), dict(batch=2, iter_size=2, normalise=False)]


@pytest.mark.parametrize("changes", CASES, ids=str)
@pytest.mark.parametrize("stage", ["stage3", "stage4", "lovasz", "joint-iou"])
def test_image_by_image_gives_the_gradients_and_the_means_of_batches(nets, stage, changes):
    own, single, settings = nets(stage, **{"batch": 1, **changes})
    measure = normalised if settings.normalise else per_pixel
    tops = [top for top in MEASURED if top in own.net.blobs]
    assert tops == list(MEASURED) or find_stage(stage).loss != SSVM and tops == ["loss"]
    values = []
    for _ in range(settings.iter_size):
        own.net.forward()
        values.append([measure(own.net, top) for top in tops])
        own.net.backward()
    iteration = SharedIteration(single, settings, 0, SingleProcess())
    means = iteration.gradients(measure)
    assert means == pytest.approx(dict(zip(tops, np.mean(values, axis=0))), rel=1e-5)
    compared = 0
    for name, blobs in own.net.params.items():
        for mine, others in zip(single.net.params[name], blobs):
            if not name.startswith("data_"):
                np.testing.assert_allclose(mine.diff, others.diff, atol=1e-5 * max(1e-20, np.abs(others.diff).max()))
                compared += others.diff.any()
    assert compared > 10
    with iteration.counted_in_batches():
        assert data_count(single.net)[0] == data_count(own.net)[0] == settings.iter_size
    assert data_count(single.net)[0] == settings.iter_size * settings.batch


def test_a_loss_that_is_not_finite_goes_to_no_backward_pass(nets):
    _, single, settings = nets("stage3", batch=2)
    iteration = SharedIteration(single, settings, 0, SingleProcess())
    assert np.isnan(iteration.gradients(lambda net, top: float("nan"))["loss"])
    assert not any(blob.diff.any() for blobs in single.net.params.values() for blob in blobs)
