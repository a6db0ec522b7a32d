"""Sums of gradients on stand-ins for a net and for MPI; under the real mpirun they are in test_data_parallel.py."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from experiments.mpi import gradients

# Shapes of the blobs of each layer; a data layer's blob counts batches and has no gradient.
LAYERS = {"data_train": [(1,)], "conv": [(2, 3), (2,)], "relu": [], "fc": [(3, 4)], "score": [(3,), (1,)]}
# Buckets of one layer each, of the layers score and fc together, and of all.
BUCKET_BYTES = [1, 40, 1000]


class Net:
    """A net whose backward pass sets the gradients of a layer to known numbers, the last layer first."""

    def __init__(self):
        self._layer_names = list(LAYERS)
        self.layers = [SimpleNamespace(blobs=[SimpleNamespace(diff=np.zeros(shape, np.float32),
                                                              count=int(np.prod(shape))) for shape in shapes])
                       for shapes in LAYERS.values()]
        self.after, self.at = [], None

    def after_backward(self, call):
        self.after.append(call)

    def backward(self):
        for self.at in reversed(range(len(self.layers))):
            for number, blob in enumerate(self.layers[self.at].blobs):
                blob.diff[...] = own_gradient(self.at, number, blob.diff.shape)
            for call in self.after:
                call(self.at)


def own_gradient(layer, number, shape):
    return (100 * layer + 10 * number + np.arange(np.prod(shape))).reshape(shape).astype(np.float32)


class TwoProcesses:
    """The other process's gradients are three times this one's; a sum is there once it was waited for."""

    size = 2

    def __init__(self, net):
        self._net, self.sent_at = net, []

    def start_sum(self, array):
        self.sent_at.append(self._net._layer_names[self._net.at])

        def wait():
            array[...] *= 4
        return SimpleNamespace(Wait=wait, Test=lambda: False)


@pytest.fixture
def net():
    return Net()


@pytest.mark.parametrize("bucket_bytes, sent_at", zip(
    BUCKET_BYTES, [["score", "fc", "conv"], ["fc", "conv"], ["conv"]]))
def test_gradients_become_their_sum_and_are_sent_while_the_pass_goes_on(net, monkeypatch, bucket_bytes, sent_at):
    monkeypatch.setattr(gradients, "BUCKET_BYTES", bucket_bytes)
    processes = TwoProcesses(net)
    total = gradients.GradientSum(SimpleNamespace(net=net), processes)
    for _ in range(2):  # of two iterations
        del processes.sent_at[:]
        total.begin()
        net.backward()
        assert processes.sent_at == sent_at
        total.finish(0.25)
        for place, (name, shapes) in enumerate(LAYERS.items()):
            for number, (shape, blob) in enumerate(zip(shapes, net.layers[place].blobs)):
                factor = 1 if name == "data_train" else (1 + 3) * 0.25
                np.testing.assert_array_equal(blob.diff, factor * own_gradient(place, number, shape))


class TwoSharers(TwoProcesses):
    """Of vectors of twelve and more numbers the first half is this process's share."""

    size_on_machine = 2

    def are_shared(self, length):
        return length >= 12

    def share(self, length):
        return slice(0, length // 2)

    def start_sum_of_share(self, vector, others):
        assert others.shape == (1, 6)
        return self.start_sum(vector[:6])


def test_of_a_blob_that_is_shared_out_the_own_share_alone_becomes_the_sum(net, monkeypatch):
    monkeypatch.setattr(gradients, "BUCKET_BYTES", 1)
    total = gradients.GradientSum(SimpleNamespace(net=net), TwoSharers(net), by_shares=True)
    total.begin()
    net.backward()
    total.finish(0.5)
    own = own_gradient(3, 0, (3, 4)).reshape(-1)
    np.testing.assert_array_equal(net.layers[3].blobs[0].diff.reshape(-1), own * np.repeat([2, 1], 6))
    np.testing.assert_array_equal(net.layers[1].blobs[0].diff, 2 * own_gradient(1, 0, (2, 3)))


def test_earlier_batches_of_an_iteration_are_not_sent(net):
    processes = TwoProcesses(net)
    total = gradients.GradientSum(SimpleNamespace(net=net), processes)
    net.backward()
    assert processes.sent_at == []
    total.begin()
    net.backward()
    assert processes.sent_at == ["conv"]


def test_the_time_of_sending_and_waiting_is_counted(net, monkeypatch):
    total = gradients.GradientSum(SimpleNamespace(net=net), TwoProcesses(net))
    clock = itertools.count()
    monkeypatch.setattr(gradients.time, "perf_counter", lambda: next(clock))  # each look takes a second
    total.begin()
    net.backward()
    total.finish()
    assert total.seconds == len(LAYERS) + 1


@pytest.mark.parametrize("factor", [1, 0.5])
def test_one_process_has_its_own_gradients_times_the_factor(net, factor):
    total = gradients.gradient_sum(SimpleNamespace(net=net), SimpleNamespace(size=1))
    total.begin()
    net.backward()
    total.finish(factor)
    np.testing.assert_array_equal(net.layers[3].blobs[0].diff, factor * own_gradient(3, 0, (3, 4)))
    assert net.after == [] and total.seconds < 0.1


@pytest.mark.parametrize("bucket_bytes", BUCKET_BYTES)
def test_bytes_are_those_of_all_gradients(net, monkeypatch, bucket_bytes):
    monkeypatch.setattr(gradients, "BUCKET_BYTES", bucket_bytes)
    assert gradients.gradient_bytes(net) == 4 * (2 * 3 + 2 + 3 * 4 + 3 + 1)
