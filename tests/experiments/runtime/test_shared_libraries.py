"""Shared libraries of this process."""

import ctypes
import sys

from experiments.runtime.shared_libraries import load_library, mapped_libraries


def test_a_library_is_loaded_or_missing():
    assert load_library("libm.so.6").floor is not None
    assert load_library("libthatisnothere.so.1") is None


def test_loaded_libraries_are_listed_by_file_name(tmp_path):
    ctypes.CDLL("libm.so.6")
    assert any(name.startswith("libm") for name in mapped_libraries())
    maps = tmp_path / "maps"
    maps.write_text(f"00-01 r-xp 00 00:00 7 {sys.executable}\n01-02 r-xp 00 00:00 8 /usr/lib/libone.so.3\n"
                    "02-03 r--p 00 00:00 8 /usr/lib/libone.so.3\n")
    assert mapped_libraries(maps) == {"libone.so.3"}
