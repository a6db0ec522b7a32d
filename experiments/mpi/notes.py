"""Notes of the work that ranks are at, from which their launcher says where one was killed."""

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

# The environment variable that names the folder of notes.
NOTES_VARIABLE = "RANK_NOTES"
PREFIX = "notes-"
# In each folder, locked by its launcher; beside the folders, locked while one is made or looked for.
LAUNCHER_LOCK, COMMON_LOCK = "launcher.lock", "notes.lock"


class Note:
    """A rank's note of the work that it is at: a file of a few bytes, or none where there is no folder.

    Parameters
    ----------
    folder : path or None
    rank : int
    """

    def __init__(self, folder, rank):
        self._file = open(note_path(folder, rank), "wb", buffering=0) if folder else None

    def __call__(self, text):
        if self._file:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(text.encode())


def note_path(folder, rank):
    """Return the path of a rank's note."""
    return os.path.join(folder, str(rank))


@contextmanager
def folder_of_notes(parent):
    """Make a folder of notes in `parent` and remove it at the end; first remove those of launchers that were killed.

    A launcher's lock, which the operating system gives back however the launcher ends, tells the living from the dead
    on all machines that share the folder; the number of a process would not.
    """
    with open(Path(parent) / COMMON_LOCK, "a") as common_lock:
        fcntl.lockf(common_lock, fcntl.LOCK_EX)
        for folder in Path(parent).glob(PREFIX + "*"):
            if not _is_held(folder):
                shutil.rmtree(folder, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        lock = open(folder / LAUNCHER_LOCK, "a")
        fcntl.lockf(lock, fcntl.LOCK_EX)
    try:
        with lock:
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _is_held(folder):
    try:
        with open(folder / LAUNCHER_LOCK, "a") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # locked, or another user's
        return True
    return False
