"""Notes of ranks, and their folders, of launchers that end and of launchers that are killed."""

import subprocess
import sys

from experiments.mpi.notes import Note, folder_of_notes, note_path

LAUNCHER = """
import sys, time
from experiments.mpi.notes import folder_of_notes
with folder_of_notes(sys.argv[1]) as folder:
    print(folder, flush=True)
    time.sleep(300)
"""


def test_a_note_holds_the_last_text_alone(tmp_path):
    note = Note(tmp_path, 7)
    note("a long text")
    note("short")
    with open(note_path(tmp_path, 7)) as file:  # without closing the note: its process may be killed
        assert file.read() == "short"


def folders(parent):
    return {path.name for path in parent.glob("notes-*")}


def test_a_folder_is_removed_at_the_end(tmp_path):
    with folder_of_notes(tmp_path) as folder:
        Note(folder, 0)("work")
        assert folders(tmp_path) == {folder.name}
    assert folders(tmp_path) == set()


def test_folders_of_killed_launchers_are_removed_and_those_of_others_kept(tmp_path):
    (tmp_path / "notes-without-a-lock").mkdir()
    (tmp_path / "lmdb").mkdir()
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        running = launcher.stdout.readline().strip().rpartition("/")[2]
        with folder_of_notes(tmp_path) as folder:
            assert folders(tmp_path) == {running, folder.name}
        assert folders(tmp_path) == {running}
    finally:
        launcher.kill()
        launcher.communicate()
    assert folders(tmp_path) == {running}
    with folder_of_notes(tmp_path) as folder:
        assert folders(tmp_path) == {folder.name}
    assert (tmp_path / "lmdb").is_dir()
