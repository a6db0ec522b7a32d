"""The memory floor: values, bytes and alignment of the volumes that its triad passes over."""

import numpy as np
import pytest

from benchmarks.measuring.memory_floor import MemoryFloor
from benchmarks.measuring.threads import openmp_threads


@pytest.mark.parametrize("threads", [1, 2])
def test_each_half_step_passes_over_the_volumes(threads, tmp_path):
    floor = MemoryFloor(1001, tmp_path)
    floor.first[:] = np.arange(1001)
    floor.second[:] = 8
    with openmp_threads(threads):
        floor.run(3)
        assert (floor.out == np.arange(1001) - 4).all() and (floor.second == 8).all()
        floor.run(3, in_place=True)
    expected = np.full(1001, 8, np.float32)
    for _ in range(3):
        expected = floor.first - expected / 2
    assert (floor.second == expected).all() and (floor.first == np.arange(1001)).all()
    assert (floor.out == np.arange(1001) - 4).all()


def test_traffic_is_two_volumes_read_and_one_written(tmp_path):
    assert MemoryFloor(1000, tmp_path).traffic(30) == 30 * 3 * 4000


def test_volumes_begin_at_cache_lines(tmp_path):
    floor = MemoryFloor(33, tmp_path)
    assert all(array.ctypes.data % 64 == 0 for array in (floor.first, floor.second, floor.out))


def test_the_triad_is_compiled_once(tmp_path, monkeypatch):
    MemoryFloor(3, tmp_path)
    monkeypatch.setenv("PATH", "")
    MemoryFloor(3, tmp_path)
    with pytest.raises(RuntimeError, match=r"could not be compiled.*g\+\+ is needed"):
        MemoryFloor(3, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
