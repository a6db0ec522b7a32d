"""Locks in a build folder, so that one run at a time trains a stage there."""

import fcntl
import json
import os
import socket
import time
from contextlib import contextmanager


@contextmanager
def build_lock(build, what):
    """Hold a stage of a build folder against other runs; the system gives it back however the process ends.

    The lock is one of fcntl. Unlike one of flock, the process that reads the data, which may outlive this one by a
    moment, does not inherit it, and it holds on network file systems.

    Parameters
    ----------
    build : pathlib.Path
        Made where it is missing.
    what : str
        What is trained, such as "stage1": the lock's name, and said by a run that is refused.

    Raises
    ------
    RuntimeError
        If another run holds it, which is named.
    OSError
        If the folder cannot be written.
    """
    path = build / f"{what}.lock"
    try:
        build.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+")
    except OSError as error:
        raise OSError(f"{build} cannot be written ({error.strerror}); make it writable, or name another folder "
                      "(make: BUILD=<folder>).") from None
    with file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(f"{build} is in use: {_holder(path)}; wait for its end or stop it, or name another "
                               "folder (make: BUILD=<folder>).") from None
        holder = {"what": what, "pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%F %T")}
        file.truncate(0)
        file.write(json.dumps(holder) + "\n")
        file.flush()
        yield


def _holder(path):
    try:
        holder = json.loads(path.read_text())
        return "{what} is trained there by process {pid} on {host} since {since}".format(**holder)
    except (OSError, ValueError, KeyError, TypeError):
        return "another process, which has not said its number yet, trains there"
