"""Writing the LMDBs of a dataset: shuffled once, complete or not at all."""

import os
import shutil
import signal
import sys
import zlib
from multiprocessing import get_context
from typing import NamedTuple

import lmdb
import numpy as np
from tqdm import tqdm

from data_prep.errors import DataError
from data_prep.metadata import Metadata, write_metadata
from data_prep.records import encode_record, record_key

FIRST_MAP_SIZE = 1 << 26  # bytes; doubled whenever it is full
RECORDS_A_TRANSACTION = 64
LOGGED_EVERY = 100  # images, where a log takes the place of the progress bar


class SplitStatistics(NamedTuple):
    """What the writer learns of a split while it writes it."""

    count: int
    mean_bgr: tuple  # over all pixels, in 0..255
    sizes: list  # distinct (height, width), sorted


def shuffled(entries, seed, split):
    """`entries` in the order of their records, which follows from the seed and the split's name alone."""
    generator = np.random.default_rng([seed, zlib.crc32(split.encode("utf-8"))])
    # Ranks of random numbers: NumPy may change what permutation() gives, but hardly ever random().
    return [entries[index] for index in np.argsort(generator.random(len(entries)), kind="stable")]


def write_dataset(name, dataset, entries, seed, output, jobs=1):
    """Write one LMDB a split and dataset.json.

    Everything is written to a folder beside `output`, which gets its name at the very end.

    Parameters
    ----------
    name : str
        The dataset's name.
    dataset : datasets.Dataset
        Its row of the table.
    entries : dict of str to list of Entry
        For each split the entries in the order of the records.
    seed : int
        Noted in dataset.json.
    output : str
        The folder to make; replaced if it is there.
    jobs : int
        Number of processes that load images.

    Returns
    -------
    Metadata

    Raises
    ------
    DataError
        Where an image is bad or the folder cannot be written; nothing is left behind then.
    """
    output = os.path.abspath(output)
    partial = output + ".partial"
    try:
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
        os.makedirs(partial)
        statistics = {split: write_split(os.path.join(partial, split), entries[split], split, jobs)
                      for split in entries}
        metadata = _metadata(name, dataset, statistics, seed)
        write_metadata(partial, metadata)
        _replace(output, partial)
    except (OSError, lmdb.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{output} cannot be written ({reason}): choose a folder that you may write to, on a "
                        "disk with space.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return metadata


def _replace(output, partial):
    """Give `partial` the name `output`; whatever is killed in between, no half of a folder has that name."""
    replaced = output + ".replaced"
    shutil.rmtree(replaced, ignore_errors=True)
    if os.path.isdir(output):
        os.rename(output, replaced)
    os.rename(partial, output)
    shutil.rmtree(replaced, ignore_errors=True)


def _metadata(name, dataset, statistics, seed):
    return Metadata(name=name,
                    classes=list(dataset.classes.values()),
                    label_ids=list(dataset.classes),
                    mean_bgr=statistics["train"].mean_bgr,
                    splits={split: found.count for split, found in statistics.items()},
                    sizes={split: found.sizes for split, found in statistics.items()},
                    seed=seed,
                    subsampling=dataset.subsampling)


def write_split(folder, entries, split, jobs=1):
    """Write the LMDB of one split, with a progress bar.

    Parameters
    ----------
    folder : str
        The LMDB's folder, not there yet.
    entries : list of Entry
        In the order of the records.
    split : str
        Its name, for the progress bar.
    jobs : int
        Number of processes that load images.

    Returns
    -------
    SplitStatistics
    """
    pixels, total, sizes = 0, np.zeros(3), set()
    batch = []
    with lmdb.open(folder, map_size=FIRST_MAP_SIZE) as environment:
        for index, (record, size, sums) in enumerate(_loaded(entries, split, jobs)):
            batch.append((record_key(index, entries[index].name), record))
            pixels, total = pixels + size[0] * size[1], total + sums
            sizes.add(size)
            if len(batch) == RECORDS_A_TRANSACTION:
                _put(environment, batch)
                batch = []
        _put(environment, batch)
        environment.sync(True)
    os.remove(os.path.join(folder, "lock.mdb"))  # readers take no lock
    return SplitStatistics(len(entries), tuple(total / pixels), sorted(sizes))


def _put(environment, batch):
    """Write a batch in one transaction, in a larger map where it does not fit."""
    while True:
        try:
            with environment.begin(write=True) as transaction:
                for key, record in batch:
                    transaction.put(key, record, append=True)
            return
        except lmdb.MapFullError:
            environment.set_mapsize(environment.info()["map_size"] * 2)


def _loaded(entries, split, jobs):
    """Load and encode the entries in order, in several processes, showing progress."""
    bar = tqdm(total=len(entries), desc=split, unit="image", disable=not sys.stderr.isatty())
    with bar, get_context("fork").Pool(jobs, _leave_signals_to_parent) as pool:
        for done, loaded in enumerate(pool.imap(_load, entries, chunksize=4), start=1):
            bar.update()
            if bar.disable and (done % LOGGED_EVERY == 0 or done == len(entries)):
                print(f"{split}: {done} of {len(entries)} images", flush=True)
            yield loaded


def _leave_signals_to_parent():
    """Let an interruption reach the parent alone, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _load(entry):
    """The record of an entry, its size and its sums over pixels of B, G and R."""
    image, labels = entry.load()
    return encode_record(image, labels), labels.shape, image[:, :, ::-1].sum(axis=(0, 1), dtype=np.int64)
