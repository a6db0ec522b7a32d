"""Files that are there whole or not at all."""

import os
import shutil
from pathlib import Path


def write_atomically(path, content):
    """Write text or bytes to a temporary name beside `path`, then rename it."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        if isinstance(content, str):
            temporary.write_text(content)
        else:
            temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        if temporary.exists():
            temporary.unlink()


def prepare_folder(folder, mark):
    """Make a folder of files that `write_atomically` writes, without those of an earlier run that are of no use.

    Parameters
    ----------
    folder : path
        Its mark lies beside it, in <folder>.made-from.
    mark : str
        Stands for what the files are made from, see `experiments.runtime.digests`. A folder with another mark is
        emptied.
    """
    folder = Path(folder)
    note = folder.with_name(folder.name + ".made-from")
    if not note.exists() or note.read_text() != mark:
        shutil.rmtree(folder, ignore_errors=True)
        write_atomically(note, mark)
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*"):  # half a file of a run that was killed
        left.unlink()
