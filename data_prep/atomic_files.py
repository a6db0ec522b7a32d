"""Files that exist whole or not at all: they are written under a temporary name, then renamed."""

import os
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacement(path, sync=False):
    """Yield a temporary path beside `path`; its file replaces `path` when the `with` block ends without an exception.

    Parameters
    ----------
    path : path
        The file to write; its folder is made where it is missing.
    sync : bool
        Whether to wait until the file and its new name are on the disk, for files that must survive a loss of power.

    Yields
    ------
    pathlib.Path
        The temporary path, a name with a leading dot; its file is removed where the block raises.
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
    """Write text (as UTF-8) or bytes to a file, whole or not at all; `path` and `sync` are those of `replacement`."""
    with replacement(path, sync) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def sync_to_disk(path):
    """Wait until a file's contents, or a folder's names, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
