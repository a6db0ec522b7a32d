"""Loading images in several processes."""

import os
import signal
from multiprocessing import get_context

import numpy as np

from data_prep.errors import DataError
from data_prep.progress import Progress
from data_prep.store.datum import encode_record


def load_entries(entries, first, split, jobs):
    """Load and encode entries in several processes, showing progress; close the generator to end it early.

    Each process loads every `jobs`-th entry and waits for its record to be taken, so few are loaded ahead. None shares
    a lock or a queue with another, which one that is killed would leave locked.

    Parameters
    ----------
    entries : list of Entry
    first : int
        Index of the first entry to load.
    split : str
        The split's name, for the progress.
    jobs : int
        Number of processes that load.

    Yields
    ------
    record : bytes
    size : (int, int)
        Height and width.
    sums : (3,) int64 array
        Sums of B, G and R over the image's pixels.

    Raises
    ------
    DataError
        Where an image is bad, or a process was killed.
    """
    if first == len(entries):
        return
    jobs = min(jobs, len(entries) - first)
    loaders = []
    try:
        for number in range(jobs):
            loaders.append(_Loader(entries[first + number::jobs], loaders))
        with Progress(split, first, len(entries), "image") as progress:
            if first:
                progress.note(f"goes on after {first} of {len(entries)} images")
            for index in range(len(entries) - first):
                loaded = loaders[index % jobs].take()
                progress.advance()
                yield loaded
    finally:
        for loader in loaders:
            loader.close()


class _Loader:
    """A process that loads entries one after another, each when the one before it was taken.

    Parameters
    ----------
    entries : list of Entry
    others : list of _Loader
        Those started before. The new process closes its copies of their connections: as long as one were open, the
        process at its other end would not end with the parent.
    """

    def __init__(self, entries, others):
        context = get_context("fork")
        self._connection, theirs = context.Pipe(duplex=False)
        inherited = [loader._connection for loader in others] + [self._connection]
        self._process = context.Process(target=_serve, args=(entries, theirs, inherited), daemon=True)
        self._process.start()
        theirs.close()

    def take(self):
        """Return the next entry's record, size and sums, or raise what loading it raised."""
        try:
            loaded = self._connection.recv()
        except (EOFError, ConnectionError):
            raise DataError("A process that loads images has died, as where the system kills it for want of memory: "
                            "end other programs and run the same command again, which goes on.") from None
        if isinstance(loaded, Exception):
            raise loaded
        return loaded

    def close(self):
        """End the process after the image that it is at."""
        self._connection.close()
        self._process.join()


def _serve(entries, connection, inherited):
    """Send each entry's record, size and sums, or the first exception, until the other end is closed."""
    # A terminal signals all processes of a group; the parent decides when this one ends.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for parents_end in inherited:
        parents_end.close()
    try:
        for entry in entries:
            connection.send(_load(entry))
    except ConnectionError:
        pass
    except Exception as error:
        connection.send(error)
    finally:
        os._exit(0)  # skip the exit handlers copied from the parent: they are the parent's to run


def _load(entry):
    """Load an entry and return its record, its size and its sums of B, G and R over pixels."""
    image, labels = entry.load()
    return encode_record(image, labels, entry.name), labels.shape, image[:, :, ::-1].sum(axis=(0, 1), dtype=np.int64)
