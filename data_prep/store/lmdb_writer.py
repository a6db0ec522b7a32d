"""Writing the LMDBs of a dataset: shuffled once, complete or not at all, going on where a run was interrupted."""

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

FIRST_MAP_SIZE = 1 << 26  # bytes; doubled whenever it is full
RECORDS_A_TRANSACTION = 64  # what an interruption loses at most


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

    Everything is written to a folder beside `output`, which gets its name at the very end. What an interrupted
    run, or one that met a bad image, left there is gone on with if it came from the same files and settings; a few
    records are not left.

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
        Where an image is bad or the folder cannot be written.
    """
    output = os.path.abspath(output)
    partial = partial_folder(output)
    progress = None
    try:
        progress = WriteProgress(partial, _settings(name, dataset, seed))
        statistics = {split: write_split(os.path.join(partial, split), entries[split], split, jobs, progress)
                      for split in entries}
        for left in set(os.listdir(partial)) - set(entries) - {FILE_NAME}:  # unwanted splits, halves of files
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
        if progress is None or progress.records() < RECORDS_A_TRANSACTION:  # soon done again
            shutil.rmtree(partial, ignore_errors=True)
    return metadata


def partial_folder(output):
    """The folder that the LMDBs are in until they are complete."""
    return os.path.abspath(output) + ".partial"


def _settings(name, dataset, seed):
    """What records depend on besides their entries."""
    classes = [[label_id, entry.name] for label_id, entry in dataset.classes.items()]
    return {"name": name, "seed": seed, "subsampling": dataset.subsampling, "classes": classes,
            "generator": dataset.generator, "record_format": RECORD_FORMAT}


def _replace(output, partial):
    """Give `partial` the name `output`; whatever is killed in between, no half of a folder has that name."""
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
                    splits={split: found.count for split, found in statistics.items()},
                    sizes={split: found.sizes for split, found in statistics.items()},
                    seed=seed,
                    subsampling=dataset.subsampling,
                    generator=dataset.generator)


def write_split(folder, entries, split, jobs=1, progress=None):
    """Write the LMDB of one split, with a progress bar.

    Parameters
    ----------
    folder : str
        The LMDB's folder; what is there is replaced unless `progress` says that it is part of the same.
    entries : list of Entry
        In the order of the records.
    split : str
        Its name, for the progress bar.
    jobs : int
        Number of processes that load images.
    progress : WriteProgress, optional
        Where to note how far it is.

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
    """The progress of a split of which `done` is noted, or of a new beginning where that does not hold."""
    try:
        with lmdb.open(folder, readonly=True, lock=False, create=False) as environment:
            found = environment.stat()["entries"]
    except lmdb.Error:
        found = -1
    return done if 0 < done.count <= found and done.comes_from(entries) else _start(folder)


def _start(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return SplitProgress()


def _map_size(folder):
    """Twice what there is, so that an LMDB that is gone on with has room for the next transaction."""
    path = os.path.join(folder, "data.mdb")
    return max(FIRST_MAP_SIZE, 2 * os.path.getsize(path) if os.path.exists(path) else 0)


def _drop_records(environment, count):
    """Remove records after the first `count`: those of a run that was killed before it could note them."""
    with environment.begin(write=True) as transaction:
        cursor = transaction.cursor()
        if cursor.set_range(record_key(count, "")):
            while cursor.delete():
                pass


def _batches(entries, loaded, done):
    """Keys and records for one transaction after the other, with the progress after each."""
    batch = []
    for index, (record, size, sums) in enumerate(loaded, start=done.count):
        batch.append((record_key(index, entries[index].name), record))
        done = done.after(entries[index], size, sums)
        if len(batch) == RECORDS_A_TRANSACTION or done.count == len(entries):
            yield batch, done
            batch = []


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
