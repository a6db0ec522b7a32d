"""The command line of data_prep: complete LMDBs, one sentence for each fault, and interruptions."""

import os
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from data_prep.__main__ import main
from data_prep.datasets import DATASETS
from data_prep.store import lmdb_writer
from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records


def names(folder):
    records = open_records(str(folder))
    return [records.name(index) for index in range(len(records))]


def test_camvid_from_the_command_line(camvid_root, tmp_path, capsys):
    output = tmp_path / "build" / "camvid" / "lmdb"
    arguments = ["--dataset", "camvid", "--root", str(camvid_root), "--output", str(output)]
    assert main(arguments) == 0
    assert "camvid, 5 train, 2 val images of 12 x 8 pixels, seed 0" in capsys.readouterr().out
    assert sorted(names(output / "train")) == [f"frame_{number}" for number in range(5)]
    assert read_metadata(str(output)).splits == {"train": 5, "val": 2}
    image = np.asarray(Image.open(camvid_root / "train" / "frame_0.png"))
    stored = open_records(str(output / "train"))[names(output / "train").index("frame_0")][0]
    assert np.array_equal(stored, image[:, :, :3])


def test_scenes_from_the_command_line(tmp_path):
    output = tmp_path / "lmdb"
    assert main(["--dataset", "scenes", "--output", str(output), "--count", "train=3", "val=1"]) == 0
    assert sorted(names(output / "train")) == ["train_00000", "train_00001", "train_00002"]
    assert names(output / "val") == ["val_00000"]
    metadata = read_metadata(str(output))
    assert metadata.splits == {"train": 3, "val": 1} and metadata.sizes["val"] == [(120, 160)]


def camvid(root, output, *more):
    return main(["--dataset", "camvid", "--root", str(root), "--output", str(output), *more])


def test_a_complete_lmdb_is_left_alone(camvid_root, tmp_path, capsys):
    output = tmp_path / "lmdb"
    assert camvid(camvid_root, output) == 0
    before = os.stat(output / "train" / "data.mdb").st_mtime_ns
    assert camvid(camvid_root, output) == 0
    assert "is complete already" in capsys.readouterr().out
    assert os.stat(output / "train" / "data.mdb").st_mtime_ns == before


def test_another_lmdb_is_replaced_on_demand_only(camvid_root, tmp_path, capsys):
    output = tmp_path / "lmdb"
    assert camvid(camvid_root, output, "--count", "train=2") == 0
    first = names(output / "train")
    assert camvid(camvid_root, output) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert "2 train" in error and "--force" in error
    assert names(output / "train") == first
    assert camvid(camvid_root, output, "--force") == 0
    assert names(output / "train")[:2] == first, "a smaller count is the beginning of the same order"
    assert len(names(output / "train")) == 5


def scenes(output, *more):
    return main(["--dataset", "scenes", "--output", str(output), "--count", "train=3", "val=1", *more])


def test_scenes_of_another_version_are_drawn_anew(tmp_path, capsys, monkeypatch):
    assert scenes(tmp_path / "lmdb") == 0
    first = os.stat(tmp_path / "lmdb" / "train" / "data.mdb").st_ino
    assert scenes(tmp_path / "lmdb") == 0 and os.stat(tmp_path / "lmdb" / "train" / "data.mdb").st_ino == first
    monkeypatch.setitem(DATASETS, "scenes", DATASETS["scenes"]._replace(generator=7))
    assert scenes(tmp_path / "lmdb", "--seed", "3") == 1, "another seed was asked for"
    assert scenes(tmp_path / "lmdb") == 0
    assert "drawn by version 1 of scenes, this is version 7: it is drawn anew" in capsys.readouterr().out
    assert os.stat(tmp_path / "lmdb" / "train" / "data.mdb").st_ino != first
    assert read_metadata(str(tmp_path / "lmdb")).generator == 7


def test_what_is_complete_is_newer_than_the_version_it_was_checked_against(tmp_path):
    """Each make would check again what is older."""
    assert scenes(tmp_path / "lmdb") == 0
    os.utime(tmp_path / "lmdb" / "dataset.json", (0, 0))
    assert scenes(tmp_path / "lmdb") == 0
    assert os.stat(tmp_path / "lmdb" / "dataset.json").st_mtime > time.time() - 60


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_folder_of_something_else_is_never_replaced(camvid_root, tmp_path, capsys, force):
    output = tmp_path / "precious"
    output.mkdir()
    (output / "thesis.tex").write_text("years")
    assert camvid(camvid_root, output, *force) == 1
    assert "precious is there and holds no dataset.json" in capsys.readouterr().err
    assert (output / "thesis.tex").read_text() == "years"
    assert camvid(camvid_root, output / "thesis.tex", *force) == 1
    assert "thesis.tex is there and holds no dataset.json" in capsys.readouterr().err


@pytest.mark.parametrize("damage, words", [
    (lambda root: (root / "val" / "frame_1.png").unlink(), "valannot/frame_1.png has no image"),
    (lambda root: (root / "val" / "frame_1.png").write_bytes(b""), "val/frame_1.png cannot be read"),
    (lambda root: Image.fromarray(np.full((8, 12), 200, np.uint8)).save(root / "valannot" / "frame_1.png"),
     "label value 200"),
])
def test_bad_data_is_one_sentence_and_leaves_nothing(camvid_root, tmp_path, capsys, damage, words):
    damage(camvid_root)
    output = tmp_path / "build" / "lmdb"
    assert camvid(camvid_root, output) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and words in error and error.count("\n") == 1
    assert not output.exists() and not output.with_suffix(".partial").exists()


def test_a_folder_that_cannot_be_read_is_one_sentence(camvid_root, tmp_path, capsys, monkeypatch):
    def forbidden(folder):
        raise PermissionError(13, "Permission denied", folder)
    monkeypatch.setattr(os, "listdir", forbidden)
    assert camvid(camvid_root, tmp_path / "lmdb") == 1
    assert "Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("arguments, words", [
    (["--dataset", "kitti", "--output", "x"], "invalid choice: 'kitti'"),
    (["--dataset", "scenes"], "--output"),
    (["--dataset", "scenes", "--output", "x", "--seed", "-1"], "'-1' is not a whole number of at least 0"),
    (["--dataset", "scenes", "--output", "x", "--count", "train"], "'train' is not of the form SPLIT=N"),
    (["--dataset", "scenes", "--output", "x", "--jobs", "two"], "'two' is not a whole number of at least 1"),
    (["--dataset", "scenes", "--output", "x", "--count", "train=0"], "'0' is not a whole number of at least 1"),
])
def test_a_wrong_command_line_is_explained(arguments, words, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_nothing(tmp_path, number):
    output = tmp_path / "lmdb"
    command = [sys.executable, "-m", "data_prep", "--dataset", "scenes", "--output", str(output), "--count",
               "train=5000"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 600
    while not (tmp_path / "lmdb.partial" / "train" / "data.mdb").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)  # into the middle of the drawing
    process.send_signal(number)
    error = process.communicate(timeout=600)[1]
    assert process.returncode == 128 + number
    assert error == f"error: interrupted; nothing was written to {output}.\n"
    assert os.listdir(tmp_path) == []


def test_an_interrupted_command_goes_on(camvid_root, tmp_path, capsys, monkeypatch):
    def interrupt(folder, metadata):
        raise KeyboardInterrupt
    monkeypatch.setattr(lmdb_writer, "RECORDS_PER_TRANSACTION", 1)
    with monkeypatch.context() as patched:
        patched.setattr(lmdb_writer, "write_metadata", interrupt)
        assert camvid(camvid_root, tmp_path / "lmdb") == 130
    assert capsys.readouterr().err == ("error: interrupted; the same command goes on with what is done, kept in "
                                       f"{tmp_path / 'lmdb.partial'}.\n")
    assert camvid(camvid_root, tmp_path / "lmdb") == 0
    assert read_metadata(str(tmp_path / "lmdb")).splits == {"train": 5, "val": 2}
    assert sorted(os.listdir(tmp_path)) == ["camvid", "lmdb"]


def test_a_killed_command_leaves_no_processes_and_goes_on(tmp_path):
    output = tmp_path / "lmdb"
    command = [sys.executable, "-m", "data_prep", "--dataset", "scenes", "--output", str(output), "--jobs", "3",
               "--count", "train=200", "val=1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 600
    while not (tmp_path / "lmdb.partial" / "progress.json").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=600)  # reads until the last worker has closed its standard output
    again = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert re.search("train: goes on after (64|128) of 200 images", again.stdout)
    assert read_metadata(str(output)).splits == {"train": 200, "val": 1} and os.listdir(tmp_path) == ["lmdb"]


def test_a_full_disk_is_one_sentence_and_what_is_written_is_kept(tmp_path):
    """The kernel ends each file at 6 MB, as a full disk would; 66 scenes have 5.1 MB, 300 have 23 MB."""
    output = tmp_path / "lmdb"
    command = [sys.executable, "-m", "data_prep", "--dataset", "scenes", "--output", str(output), "--count",
               "train=100", "val=1"]
    limited = subprocess.run(command, stderr=subprocess.PIPE, text=True, preexec_fn=limit_file_size)
    assert limited.returncode == 1
    assert limited.stderr.startswith(f"error: {output} cannot be written (") and limited.stderr.count("\n") == 1
    assert not output.exists() and (tmp_path / "lmdb.partial" / "progress.json").exists()
    again = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert "train: goes on after 64 of 100 images" in again.stdout
    assert len(names(output / "train")) == 100 and os.listdir(tmp_path) == ["lmdb"]


def limit_file_size():
    resource.setrlimit(resource.RLIMIT_FSIZE, (6 << 20, 6 << 20))
