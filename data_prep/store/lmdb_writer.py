"""Writing a dataset's LMDBs: records are shuffled once, and an interrupted run is continued by the next."""

import os
import shutil
import zlib
from contextlib import closing
from typing import NamedTuple

import lmdb
import numpy as np

from data_prep.errors import DataError
from data_prep.store.loading import load_entries
from data_prep.store.metadata import RECORD_FORMAT, Metadata, write_metadata
from data_prep.store.records import record_key
from data_prep.store.write_progress import FILE_NAME, SplitProgress, WriteProgress

FIRST_MAP_SIZE = 1 << 26  # bytes; doubled whenever the map is full
RECORDS_PER_TRANSACTION = 64  # an interruption loses at most so many


class SplitStatistics(NamedTuple):
    """Statistics of a written split."""

    count: int  # of records
    mean_bgr: tuple  # over all pixels, in 0..255
    sizes: list  # distinct (height, width), sorted


def shuffled(entries, seed, split):
    """Return `entries` in a random order that depends on the seed and the split's name alone."""
    generator = np.random.default_rng([seed, zlib.crc32(split.encode("utf-8"))])
    # Sorted by random numbers, since versions of NumPy may differ in permutation() but hardly ever in random().
    return [entries[index] for index in np.argsort(generator.random(len(entries)), kind="stable")]


def write_dataset(name, dataset, entries, seed, output, jobs=1):
    """Write one LMDB per split, and dataset.json.

    Everything is written to a folder beside `output`, which is renamed to `output` at the very end. A run that is
    interrupted or meets a bad image leaves that folder behind, unless it holds few records. The next run goes on with
    it if files and settings are the same.

    Parameters
    ----------
    name : str
        The dataset's name.
    dataset : datasets.Dataset
        Its row of the table.
    entries : dict of str to list of Entry
        Entries per split, in the order of the records.
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
        Where an image is bad or the folder cannot be written.
    """
    output = os.path.abspath(output)
    partial = partial_folder(output)
    progress = None
    try:
        progress = WriteProgress(partial, _settings(name, dataset, seed))
        statistics = {split: write_split(os.path.join(partial, split), entries[split], split, jobs, progress)
                      for split in entries}
        for left in set(os.listdir(partial)) - set(entries) - {FILE_NAME}:  # unwanted splits, unfinished files
            path = os.path.join(partial, left)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        metadata = _metadata(name, dataset, statistics, seed)
        write_metadata(partial, metadata)
        _replace(output, partial)
    except (OSError, lmdb.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{output} cannot be written ({reason}): choose a folder that you may write to, on a "
                        "disk with space.") from None
    finally:
        if progress is None or progress.records() < RECORDS_PER_TRANSACTION:  # so few are quickly written again
            shutil.rmtree(partial, ignore_errors=True)
    return metadata


def partial_folder(output):
    """Return the folder that holds the LMDBs until they are complete."""
    return os.path.abspath(output) + ".partial"


def _settings(name, dataset, seed):
    """Return the settings that the records depend on besides their entries."""
    classes = [[label_id, entry.name] for label_id, entry in dataset.classes.items()]
    return {"name": name, "seed": seed, "subsampling": dataset.subsampling, "classes": classes,
            "generator": dataset.generator, "record_format": RECORD_FORMAT}


def _replace(output, partial):
    """Rename `partial` to `output`; where the process is killed in between, `output` is whole or missing."""
    replaced = output + ".replaced"
    shutil.rmtree(replaced, ignore_errors=True)
    if os.path.isdir(output):
        os.rename(output, replaced)
    os.rename(partial, output)
    os.remove(os.path.join(output, FILE_NAME))
    shutil.rmtree(replaced, ignore_errors=True)


def _metadata(name, dataset, statistics, seed):
    return Metadata(name=name,
                    classes=list(dataset.classes.values()),
                    label_ids=list(dataset.classes),
                    mean_bgr=statistics["train"].mean_bgr,
                    splits={split: written.count for split, written in statistics.items()},
                    sizes={split: written.sizes for split, written in statistics.items()},
                    seed=seed,
                    subsampling=dataset.subsampling,
                    generator=dataset.generator)


def write_split(folder, entries, split, jobs=1, progress=None):
    """Write the LMDB of one split, with a progress bar.

    Parameters
    ----------
    folder : str
        The LMDB's folder; replaced unless, according to `progress`, it holds the first records of the same entries.
    entries : list of Entry
        In the order of the records.
    split : str
        The split's name, for the progress bar.
    jobs : int
        Number of processes that load images.
    progress : WriteProgress, optional
        The noted records of an earlier run, to which those of this run are added.

    Returns
    -------
    SplitStatistics
    """
    done = _take_up(folder, entries, progress.get(split)) if progress else _start(folder)
    with lmdb.open(folder, map_size=_map_size(folder)) as environment:
        _drop_records(environment, done.count)
        with closing(load_entries(entries, done.count, split, jobs)) as loaded:
            for batch, done in _batches(entries, loaded, done):
                _put(environment, batch)
                if progress:
                    progress.note(split, done)
    os.remove(os.path.join(folder, "lock.mdb"))  # readers take no lock
    return SplitStatistics(done.count, tuple(total / done.pixels for total in done.sums), list(done.sizes))


def _take_up(folder, entries, done):
    """Return `done`, the noted progress, if the LMDB and the entries agree with it; else start anew."""
    try:
        with lmdb.open(folder, readonly=True, lock=False, create=False) as environment:
            stored = environment.stat()["entries"]
    except lmdb.Error:
        stored = -1
    return done if 0 < done.count <= stored and done.comes_from(entries) else _start(folder)


def _start(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return SplitProgress()


def _map_size(folder):
    """Return twice the file's size, so that an LMDB of an earlier run has room for the next transaction."""
    path = os.path.join(folder, "data.mdb")
    return max(FIRST_MAP_SIZE, 2 * os.path.getsize(path) if os.path.exists(path) else 0)


def _drop_records(environment, count):
    """Remove all records but the first `count`: a killed run wrote them but did not note them."""
    with environment.begin(write=True) as transaction:
        cursor = transaction.cursor()
        if cursor.set_range(record_key(count, "")):
            while cursor.delete():
                pass


def _batches(entries, loaded, done):
    """Yield the keys and records of each transaction, with the progress after it."""
    batch = []
    for index, (record, size, sums) in enumerate(loaded, start=done.count):
        batch.append((record_key(index, entries[index].name), record))
        done = done.after(entries[index], size, sums)
        if len(batch) == RECORDS_PER_TRANSACTION or done.count == len(entries):
            yield batch, done
            batch = []


def _put(environment, batch):
    """Write a batch in one transaction; enlarge the map where it is full."""
    while True:
        try:
            with environment.begin(write=True) as transaction:
                for key, record in batch:
                    transaction.put(key, record, append=True)
            return
        except lmdb.MapFullError:
            environment.set_mapsize(environment.info()["map_size"] * 2)
