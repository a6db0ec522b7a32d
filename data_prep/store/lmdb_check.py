"""Check of an LMDB before it is read: LMDB trusts its file, and a damaged one crashes the process that reads it."""

import faulthandler
import os
import resource
import signal

import lmdb
import numpy as np

from data_prep.errors import DataError

WHOLE, DAMAGED = 0, 1  # exit status of the process that reads on trial
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE)


def check_lmdb(folder):
    """Visit every record in a process of its own, which may crash in place of this one.

    Only the first and the last byte of a record are touched; the checksum verifies the others when the record is read.

    Parameters
    ----------
    folder : str
        The LMDB's folder.

    Raises
    ------
    DataError
        Where the file is truncated or its tree is damaged.
    """
    child = os.fork()
    if child == 0:
        _visit_and_exit(folder)
    status = os.waitpid(child, 0)[1]
    if status != WHOLE:
        raise DataError(f"{folder} is not a readable LMDB (data.mdb is truncated or damaged): remove it and run make "
                        "lmdb again.")


def _visit_and_exit(folder):
    """Visit every record and end this process; its exit status, or the signal that ends it, is the result."""
    status = DAMAGED
    try:
        faulthandler.disable()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in CRASHES:
            signal.signal(number, signal.SIG_DFL)
        if _visit(folder):
            status = WHOLE
    finally:
        os._exit(status)  # without an exception's traceback, as the parent reports the fault in one sentence


def _visit(folder):
    """Return whether all records are there, lie inside the file, and can be looked up by their keys."""
    path = os.path.join(folder, "data.mdb")
    maps_before = _maps_of(path)
    with lmdb.open(folder, readonly=True, lock=False, readahead=False, create=False) as environment, \
            environment.begin(buffers=True) as transaction:
        size, begin = os.path.getsize(path), min(_maps_of(path) - maps_before, default=None)
        if size < (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]:
            return False

        def touch(view):
            bytes(view[:1]), bytes(view[-1:])
            start = np.frombuffer(view, np.uint8).ctypes.data  # a ValueError where it is empty
            return begin is None or begin <= start and start + len(view) <= begin + size

        keys, left = [], environment.stat()["entries"]
        for key, record in transaction.cursor():
            left -= 1
            if left < 0 or not (touch(key) and touch(record)):  # a damaged tree may be a circle, without an end
                return False
            keys.append(bytes(key))
        return left == 0 and all(transaction.get(key) for key in keys)


def _maps_of(path):
    """Return the addresses at which this process maps a file; empty where the system lists it by another inode."""
    inode = str(os.stat(path).st_ino)
    with open("/proc/self/maps") as maps:
        return {int(line.partition("-")[0], 16) for line in maps if line.split()[4] == inode}
