"""The device that nets run on, by the variables DEVICE and GPU."""

import caffe
import pytest

from experiments.nets import device


class Machine:
    """A stand-in for Caffe that notes the device it is given."""

    def __init__(self, monkeypatch):
        self.told = []
        monkeypatch.setattr(caffe, "set_mode_cpu", lambda: self.told.append("cpu"))
        monkeypatch.setattr(caffe, "set_mode_gpu", lambda: self.told.append("gpu"))
        monkeypatch.setattr(caffe, "set_device", self.told.append)


@pytest.mark.parametrize("environment", [{}, {"DEVICE": "cpu", "GPU": "1"}, {"DEVICE": "cuda", "GPU": "none"}])
def test_processor(monkeypatch, environment):
    machine = Machine(monkeypatch)
    assert device.use_device(environment) is None
    assert machine.told == ["cpu"]


@pytest.mark.parametrize("environment, rank, number", [
    ({"DEVICE": "cuda"}, "0", 0), ({"DEVICE": "cuda", "GPU": ""}, "1", 1), ({"DEVICE": "cuda", "GPU": "2"}, "0", 2),
    ({"DEVICE": "cuda", "GPU": "2"}, "3", 5), ({"DEVICE": "cuda", "GPU": "1"}, None, 1)])
def test_gpu(monkeypatch, environment, rank, number):
    machine = Machine(monkeypatch)
    place = {} if rank is None else {"OMPI_COMM_WORLD_LOCAL_RANK": rank}
    assert device.use_device({**environment, **place}) == number
    assert machine.told == [number, "gpu"]  # the device first: Caffe makes its handles there
