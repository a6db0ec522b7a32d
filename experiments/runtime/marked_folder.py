"""Folders of files that are kept between runs, as long as what they are made from stays the same."""

import shutil
from pathlib import Path

from data_prep.atomic_files import write_atomically


def prepare_folder(folder, mark):
    """Make a folder for files of `write_atomically`, and remove those in it that are outdated or half-written.

    Parameters
    ----------
    folder : path
        Its mark lies beside it, in <folder>.made-from.
    mark : str
        A digest of what the files are made from, see `data_prep.digests`. A folder with another mark is emptied.
    """
    folder = Path(folder)
    note = folder.with_name(folder.name + ".made-from")
    if not note.exists() or note.read_text() != mark:
        shutil.rmtree(folder, ignore_errors=True)
        write_atomically(note, mark)
    folder.mkdir(parents=True, exist_ok=True)
    for half_written in folder.glob(".*"):  # by a run that was killed
        half_written.unlink()
