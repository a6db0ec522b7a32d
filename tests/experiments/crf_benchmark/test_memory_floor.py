"""The triad moves what it says it does."""

import numpy as np
import pytest

from experiments.crf_benchmark.memory_floor import MemoryFloor
from experiments.crf_benchmark.threads import openmp_threads


@pytest.mark.parametrize("threads", [1, 2])
def test_each_half_step_passes_over_both_volumes(threads, tmp_path):
    floor = MemoryFloor(1001, tmp_path)
    floor.unary[:] = np.arange(1001)
    floor.withheld[:] = 8
    expected = floor.withheld.copy()
    with openmp_threads(threads):
        floor.run(3)
    for _ in range(3):
        expected = floor.unary - expected / 2
    assert (floor.withheld == expected).all()
    assert (floor.unary == np.arange(1001)).all()


def test_traffic_is_two_volumes_read_and_one_written(tmp_path):
    assert MemoryFloor(1000, tmp_path).traffic(30) == 30 * 3 * 4000


def test_volumes_begin_at_cache_lines(tmp_path):
    floor = MemoryFloor(33, tmp_path)
    assert floor.unary.ctypes.data % 64 == floor.withheld.ctypes.data % 64 == 0


def test_the_triad_is_compiled_once(tmp_path, monkeypatch):
    MemoryFloor(3, tmp_path)
    monkeypatch.setenv("PATH", "")
    MemoryFloor(3, tmp_path)
    with pytest.raises(RuntimeError, match=r"could not be compiled.*g\+\+ is needed"):
        MemoryFloor(3, tmp_path / "other")
    assert not list((tmp_path / "other").iterdir())
