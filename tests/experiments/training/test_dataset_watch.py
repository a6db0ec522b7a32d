"""The watch over a dataset."""

import os

import pytest

from experiments.training.dataset_watch import DatasetWatch

FILES = ["dataset.json", "train/data.mdb", "val/data.mdb", "drive/data.mdb"]


@pytest.fixture
def lmdb(tmp_path):
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change, words", [
    (lambda path: path.unlink(), "can't be read any more"),
    (lambda path: path.write_text("longer than before"), "changed"),
    (lambda path: os.utime(path, (1, 1)), "changed")])
def test_each_file_is_watched(lmdb, name, change, words):
    watch = DatasetWatch(lmdb, ("train", "val", "drive"))
    watch.check()
    change(lmdb / name)
    with pytest.raises(RuntimeError, match=f"{name} {words}.*start the same command again"):
        watch.check()
