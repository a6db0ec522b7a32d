"""Files that are there whole or not at all: written under a temporary name, then renamed."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacement(path, sync=False):
    """Give the path of a temporary file beside `path`, which takes its name when the `with` block ends well.

    Parameters
    ----------
    path : path
        Its folder is made where it is missing; a file that is there is replaced.
    sync : bool
        Have the file and its new name on the disk before going on, for files that must survive a loss of power.

    Yields
    ------
    pathlib.Path
        Begins with a dot; removed where the block raises.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield temporary
        if sync:
            sync_to_disk(temporary)
        os.replace(temporary, path)
        if sync:
            sync_to_disk(path.parent)
    finally:
        if temporary.exists():
            temporary.unlink()


def write_atomically(path, content, sync=False):
    """Write a file of text (UTF-8) or bytes; the other parameters are those of `replacement`."""
    with replacement(path, sync) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def sync_to_disk(path):
    """Wait until a file's contents, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
