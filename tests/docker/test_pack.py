"""The archive for machines without containers: the files in it, and its writing."""

import os
import tarfile
from pathlib import Path

import pytest

from docker.bundling import pack


@pytest.mark.parametrize("name, wanted", [
    ("numpy/core/numeric.py", True), ("numpy/core/tests/test_numeric.py", False), ("numpy/testing/utils.py", True),
    ("theano/tests/breakpoint.py", True), ("theano/tests/test_ifelse.py", False), ("pandas/__init__.py", False),
    ("pipes.py", True), ("skimage/data/astronaut.png", False), ("skimage/data/__init__.py", True),
    ("theano/gof/c_code/lazylinker_c.c", True), ("theano/__pycache__/x.cpython-39.pyc", False),
    ("numpy/random/lib/libnpyrandom.a", False)])
def test_modules_that_are_packed(name, wanted):
    assert pack.is_wanted(f"lib/python3/dist-packages/{name}") == wanted


@pytest.mark.parametrize("name, wanted", [
    ("lib/python3.9/json/__init__.py", True), ("lib/python3.9/unittest/mock.py", True),
    ("lib/python3.9/idlelib/run.py", False), ("lib/python3.9/config-3.9-x86_64-linux-gnu/Makefile", False),
    ("lib/openmpi3/mca_btl_tcp.so", True), ("lib/openmpi3/mca_mtl_psm2.so", False),
    ("lib/openmpi3/mca_spml_ucx.so", False),
    ("lib/python3.9/lib-dynload/_curses.cpython-39-x86_64-linux-gnu.so", False)])
def test_other_files_that_are_packed(name, wanted):
    assert pack.is_wanted(name) == wanted


def test_cudas_libraries_are_listed_with_pinned_wheels():
    names = [f"{name}.so.1" for name in pack.WHEELS]
    lines = [line.split() for line in pack.with_wheels(names).splitlines()]
    assert [name for name, _ in lines] == names
    assert all(pin.startswith("nvidia-") and "==" in pin for _, pin in lines)


def test_each_package_that_files_are_from_brings_its_licence(tmp_path):
    (tmp_path / "info").mkdir()
    (tmp_path / "info" / "libone1:amd64.list").write_text("/.\n/lib/libone.so.1.2\n")
    (tmp_path / "info" / "two.list").write_text("/usr/bin/two\n")
    for name in ("doc/libone1/copyright", "doc/two/copyright", "common-licenses/GPL-3"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    licences = pack.licences_of([Path("/lib/libone.so.1.2"), Path("/opt/own")], tmp_path / "info", tmp_path)
    assert licences == {"share/licences/libone1": tmp_path / "doc/libone1/copyright",
                        "share/licences/GPL-3": tmp_path / "common-licenses/GPL-3"}


def test_the_same_files_give_the_same_archive(tmp_path):
    source = tmp_path / "source.py"
    source.write_text("pass\n")
    files = {"run": source, "bin/python3": source, "lib/module.py": source, "share/glibc": b"2.30\n"}
    for name in ("one", "two"):
        os.utime(source, (len(name), 10 ** 9))
        pack.write_archive(files, tmp_path / name, "top")
        files = dict(reversed(list(files.items())))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with tarfile.open(tmp_path / "one") as tar:
        assert {entry.name: oct(entry.mode) for entry in tar} == {
            "top/run": "0o755", "top/bin/python3": "0o755", "top/lib/module.py": "0o644", "top/share/glibc": "0o644"}
        assert tar.extractfile("top/share/glibc").read() == b"2.30\n"


def test_an_archive_that_is_too_large_is_not_left_behind(command, tmp_path, monkeypatch):
    monkeypatch.setattr(pack, "gather_files", lambda: {"run": Path(__file__)})
    monkeypatch.setattr(pack, "place_libraries", lambda files: ["libcudart.so.13"])
    monkeypatch.setattr(pack, "newest_c_library", lambda paths: "2.30")
    monkeypatch.setattr(pack, "caffe_version", lambda: "1.0")
    monkeypatch.setattr(pack, "MOST_BYTES", 1000)
    licence = Path(__file__)
    status, _, errors = command(pack.main, tmp_path / "x.tar.xz", licence)
    assert status == 1 and "build for fewer GPUs" in errors.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(pack, "MOST_BYTES", 10 ** 6)
    assert command(pack.main, tmp_path / "x.tar.xz", licence)[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar.xz"]
