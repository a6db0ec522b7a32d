"""Compiling: once for each source, with a clear word where it fails, and nothing half-written."""

import ctypes

import numpy as np
import pytest

from benchmarks.measuring.compiled import address, aligned, compiled


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "twice.cpp"
    path.write_text('extern "C" void twice(float *values) { values[0] *= 2; }')
    return path


def test_a_library_is_compiled_once_for_each_text(source, tmp_path):
    folder = tmp_path / "made" / "here"
    values = np.array([3], np.float32)
    compiled(source, folder).twice(address(values))
    compiled(source, folder).twice(address(values))
    assert values[0] == 12 and len(list(folder.iterdir())) == 1
    source.write_text(source.read_text().replace("*= 2", "*= 3"))
    compiled(source, folder).twice(address(values))
    assert values[0] == 36 and len(list(folder.iterdir())) == 2


def test_what_does_not_compile_is_named_and_leaves_nothing(source, tmp_path):
    source.write_text("no C++")
    with pytest.raises(RuntimeError, match=r"^twice.cpp could not be compiled \(.*g\+\+ is needed\.$"):
        compiled(source, tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())


def test_addresses():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert address(None) is None
    assert ctypes.cast(address(values), ctypes.POINTER(ctypes.c_float))[4] == 4
    with pytest.raises(ValueError, match="not contiguous"):
        address(values.T)


def test_aligned_arrays_begin_at_cache_lines():
    arrays = [aligned((3, 5), 2.5) for _ in range(5)]
    for array in arrays:
        assert array.ctypes.data % 64 == 0 and array.shape == (3, 5) and array.dtype == np.float32
        assert (array == 2.5).all()
        array[:] = 0
