"""NCCL on stand-ins for Caffe's object and for the driver: no machine with several GPUs is needed."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.mpi import nccl


class Processes:
    """Two processes; `from_first` returns what rank 0 said last."""

    said = None

    def __init__(self, rank, size_on_machine=2):
        self.rank, self.size, self.size_on_machine = rank, 2, size_on_machine

    def from_first(self, value):
        Processes.said = value if self.rank == 0 else Processes.said
        return Processes.said


@pytest.fixture
def events(monkeypatch):
    """List the calls of NCCL and of the driver, in order."""
    events = []

    class Nccl:
        def __init__(self, solver, name):
            events.append(f"join {name}")

        @staticmethod
        def new_uid():
            return "the name"

        def __call__(self, layer):
            events.append(f"mean of {layer}")

    driver = SimpleNamespace(cuCtxSynchronize=lambda: events.append("wait") or 0)
    monkeypatch.setattr(nccl.caffe, "NCCL", Nccl)
    monkeypatch.setattr(nccl.caffe, "has_nccl", lambda: True)
    monkeypatch.setattr(nccl.ctypes, "CDLL", lambda name: driver)
    return events


class Net:
    layers = "abc"

    def __init__(self):
        self.params = {name: [SimpleNamespace(diff=np.full(2, 3, np.float32))] for name in ("data_train", "fc")}

    def before_backward(self, call):
        self.before = call

    def after_backward(self, call):
        self.after = call

    def backward(self):
        for layer in reversed(range(3)):
            self.before(layer)
            self.after(layer)


def test_each_batch_waits_for_the_means_of_the_one_before(events):
    for rank in (0, 1):
        solver = SimpleNamespace(net=Net())
        mean = nccl.NCCLSum(solver, Processes(rank))
    assert events == ["join the name", "join the name"]
    del events[:]
    for _ in range(2):
        mean.begin()
        solver.net.backward()
    mean.finish(0.5)
    batch = ["wait", "mean of 2", "mean of 1", "mean of 0"]
    assert events == batch + batch + ["wait"]
    assert [blobs[0].diff.tolist() for blobs in solver.net.params.values()] == [[3, 3], [3 * 2 * 0.5] * 2]


def test_a_failure_of_the_gpu_is_a_sentence(events):
    mean = nccl.NCCLSum(SimpleNamespace(net=Net()), Processes(0))
    mean._driver.cuCtxSynchronize = lambda: 700
    with pytest.raises(RuntimeError, match="error 700"):
        mean.finish()


def test_it_must_be_asked_for_and_be_possible(events, monkeypatch):
    assert not nccl.nccl_wanted(Processes(0))
    monkeypatch.setenv("CAFFE_NCCL", "1")
    assert nccl.nccl_wanted(Processes(0))
    with pytest.raises(RuntimeError, match="several machines"):
        nccl.nccl_wanted(Processes(0, size_on_machine=1))
    monkeypatch.setattr(nccl.caffe, "has_nccl", lambda: False)
    with pytest.raises(RuntimeError, match="built without NCCL"):
        nccl.nccl_wanted(Processes(0))


def test_waiting_is_counted(events, monkeypatch):
    seconds = iter([10.0, 10.5, 20.0, 20.25])
    monkeypatch.setattr(nccl.time, "perf_counter", lambda: next(seconds))
    net = Net()
    mean = nccl.NCCLSum(SimpleNamespace(net=net), Processes(0))
    assert mean.seconds == 0
    net.backward()  # waits before the last layer
    mean.finish()
    assert mean.seconds == 0.75
