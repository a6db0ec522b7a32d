"""Loading images in several processes."""

import signal
from collections import deque
from multiprocessing import get_context

import numpy as np

from data_prep.progress import Progress
from data_prep.store.datum import encode_record

ENTRIES_AHEAD = 64  # at most twice as many are loaded and not yet written

_stop = None  # in a worker: the event after which it loads nothing more


def load_entries(entries, first, split, jobs):
    """Load and encode entries in several processes, showing progress; close the generator to end it early.

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
    """
    if first == len(entries):
        return
    context = get_context("fork")
    stop = context.Event()
    pool = context.Pool(jobs, _prepare_worker, (stop,))
    try:
        with Progress(split, first, len(entries), "image") as progress:
            if first:
                progress.note(f"goes on after {first} of {len(entries)} images")
            for loaded in _loaded_ahead(pool, entries[first:]):
                progress.advance()
                yield loaded
    finally:
        # Not terminate(): if a worker ends in the middle of sending, the pool waits for the rest for ever.
        stop.set()
        pool.close()
        pool.join()


def _loaded_ahead(pool, entries):
    """Yield loaded entries in order; few are loaded ahead, so that they fit into memory even if writing is slow."""
    ahead = deque()
    for start in range(0, len(entries), ENTRIES_AHEAD):
        ahead.append(pool.imap(_load, entries[start:start + ENTRIES_AHEAD]))
        if len(ahead) == 2:
            yield from ahead.popleft()
    for loaded in ahead:
        yield from loaded


def _prepare_worker(stop):
    """Ignore interruptions in a worker: they reach the parent too, which stops its workers."""
    global _stop
    _stop = stop
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _load(entry):
    """Load an entry and return its record, its size and its sums of B, G and R over pixels; None after `_stop`."""
    if _stop.is_set():
        return None
    image, labels = entry.load()
    return encode_record(image, labels, entry.name), labels.shape, image[:, :, ::-1].sum(axis=(0, 1), dtype=np.int64)
