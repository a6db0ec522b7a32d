"""Files are written whole or not at all."""

import os

import pytest

from data_prep.atomic_files import replacement, write_atomically


@pytest.mark.parametrize("sync", [False, True])
@pytest.mark.parametrize("content, stored", [("Krešo\n", "Krešo\n".encode()), (b"\r\n\x00", b"\r\n\x00")])
def test_text_and_bytes_are_written_as_they_are(tmp_path, content, stored, sync):
    path = tmp_path / "new" / "folder" / "file"
    write_atomically(path, content, sync)
    assert path.read_bytes() == stored and os.listdir(path.parent) == ["file"]


def test_a_file_is_replaced_at_the_end_of_the_block_alone(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with replacement(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old" and temporary.parent == tmp_path and temporary.name.startswith(".file.")
    assert path.read_text() == "new" and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("written", [False, True])
def test_where_the_block_raises_nothing_changes(tmp_path, written):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        with replacement(path, sync=True) as temporary:
            if written:
                temporary.write_text("half")
            raise KeyboardInterrupt
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["file"]


def test_synced_files_reach_the_disk_before_their_name_and_the_name_after(tmp_path, monkeypatch):
    steps, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (steps.append(os.readlink(f"/proc/self/fd/{number}")),
                                                     fsync(number)))
    monkeypatch.setattr(os, "replace", lambda old, new: (steps.append("rename"), replace(old, new)))
    write_atomically(tmp_path / "file", "text", sync=True)
    assert steps == [str(tmp_path / f".file.{os.getpid()}"), "rename", str(tmp_path)]
    steps.clear()
    write_atomically(tmp_path / "file", "text")
    assert steps == ["rename"]
