"""The line that announces the compilation of a function, and the keys of compiled modules."""
import io
import os
import pickle
import time
from types import SimpleNamespace

import pytest
from theano.gof import cmodule

from theano_crf import compilation


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(compilation, "theano", SimpleNamespace(config=SimpleNamespace(compiledir=str(tmp_path))))
    return tmp_path


def said(monkeypatch, stream, name="ssvm", instructions="avx2"):
    monkeypatch.setattr("sys.stderr", stream)
    with compilation.announced(name, instructions):
        return stream.getvalue()


def test_it_is_said_once_per_function_and_set_before_the_wait(folder, monkeypatch):
    assert said(monkeypatch, Terminal()).count("\n") == 1
    assert "compiling ssvm for avx2 into %s" % folder in said(monkeypatch, Terminal(), "ssvm", "avx512").replace(
        "avx512", "avx2")
    assert said(monkeypatch, Terminal()) == ""
    assert "dual_mm" in said(monkeypatch, Terminal(), "dual_mm")


def test_what_failed_is_said_again(folder, monkeypatch):
    with pytest.raises(KeyboardInterrupt), compilation.announced("ssvm", "avx2"):
        raise KeyboardInterrupt
    assert said(monkeypatch, Terminal()) != ""


def test_logs_stay_as_they_are(folder, monkeypatch):
    assert said(monkeypatch, io.StringIO()) == ""


def test_a_folder_for_reading_only_does(folder, monkeypatch):
    (folder / "file").write_text("")
    compilation.theano.config.compiledir = str(folder / "file")
    assert said(monkeypatch, Terminal()) != ""


def test_keys_of_a_module_are_whole_at_any_moment(tmp_path, monkeypatch):
    path = tmp_path / "key.pkl"
    keys = cmodule.KeyData({("first",)}, "hash", str(path), "module.so")
    keys.save_pkl()
    before, seen = path.read_bytes(), []

    def replace(source, destination):
        seen.append(path.read_bytes())
        os.rename(source, destination)
    monkeypatch.setattr(os, "replace", replace)
    keys.add_key(("second",))
    assert seen == [before]
    assert pickle.loads(path.read_bytes()).keys == {("first",), ("second",)}
    assert os.listdir(tmp_path) == ["key.pkl"]


def test_a_file_that_another_process_deleted_is_as_new(tmp_path):
    path = tmp_path / "module.so"
    path.write_bytes(b"")
    os.utime(path, (1000, 1000))
    assert cmodule.last_access_time(str(path)) == 1000
    path.unlink()
    assert abs(cmodule.last_access_time(str(path)) - time.time()) < 60
