"""The machine's name and cores."""

import os

from benchmarks.measuring.machine import machine


def test_the_first_processor_is_named(tmp_path):
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: A: fast one\n\nprocessor\t: 1\nmodel name\t: A slow one\n")
    assert machine(cpuinfo) == {"processor": "A: fast one", "cores": os.cpu_count()}


def test_a_processor_without_a_name_is_unknown(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\n")
    assert machine(tmp_path / "cpuinfo")["processor"] == "unknown"
