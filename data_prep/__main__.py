"""Command line: python3 -m data_prep --dataset NAME [--root FOLDER] --output FOLDER."""

import argparse
import os
import sys

from data_prep.datasets import DATASETS, choose_dataset, list_splits
from data_prep.errors import DataError
from data_prep.interruption import exit_status, raise_at_sigterm
from data_prep.number_types import positive_integer, whole_number
from data_prep.store.lmdb_writer import partial_folder, shuffled, write_dataset
from data_prep.store.metadata import FILE_NAME, read_metadata
from data_prep.strict_model import LARGEST


def parse_arguments(arguments=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python3 -m data_prep",
                                     description="Make one LMDB per split of a dataset.")
    parser.add_argument("--dataset", required=True, choices=sorted(DATASETS))
    parser.add_argument("--root", default="", help="the dataset's folder; not for a dataset that is drawn")
    parser.add_argument("--output", required=True, help="the folder to make, such as build/scenes/lmdb")
    parser.add_argument("--seed", type=whole_number(0, LARGEST[int]), default=0,
                        help="seed of the records' order and of drawn images (default 0)")
    parser.add_argument("--count", nargs="+", type=_split_count, default=[], metavar="SPLIT=N",
                        help="number of images per split, such as train=600 val=100")
    parser.add_argument("--full-resolution", action="store_true",
                        help="keep the size of the dataset's images")
    parser.add_argument("--jobs", type=positive_integer, default=len(os.sched_getaffinity(0)),
                        help="processes that load images (default: one per core)")
    parser.add_argument("--force", action="store_true",
                        help="replace an LMDB that was made with other settings")
    return parser.parse_args(arguments)


def _split_count(text):
    split, sign, number = text.partition("=")
    if not split or not sign:
        raise argparse.ArgumentTypeError(f"'{text}' is not of the form SPLIT=N, such as train=600")
    return split, positive_integer(number)


def make_lmdb(name, root, output, seed, counts, full_resolution, jobs, force):
    """Make the LMDBs of a dataset unless they are complete; go on where an interrupted run ended.

    Raises
    ------
    DataError
        Where the input is bad, or `output` holds anything else that must not be replaced.
    """
    dataset = choose_dataset(name, full_resolution)
    entries = {split: shuffled(listed, seed, split)[:counts.get(split)]
               for split, listed in list_splits(name, root, seed, counts, full_resolution).items()}
    lengths = {split: len(listed) for split, listed in entries.items()}
    stored = _complete(output, (name, seed, lengths, dataset.subsampling, list(dataset.classes.values())), force)
    if stored and stored.generator != dataset.generator:
        print(f"{output} was drawn by version {stored.generator} of {name}, this is version {dataset.generator}: it "
              "is drawn anew")
    elif stored:
        os.utime(os.path.join(output, FILE_NAME))  # make then sees that it was checked against this version
        print(f"{output} is complete already: {_summary(stored)}")
        return
    metadata = write_dataset(name, dataset, entries, seed, output, jobs)
    print(f"{output}: {_summary(metadata)}")


def _complete(output, wanted, force):
    """Return the metadata of the LMDB in `output` if it is the one wanted, None if `output` is to be written."""
    if not os.path.lexists(output) or os.path.isdir(output) and not os.listdir(output):
        return None
    if not os.path.isfile(os.path.join(output, FILE_NAME)):
        raise DataError(f"{output} is there and holds no {FILE_NAME}, so data_prep did not make it: "
                        "remove it or choose another --output.")
    if force:
        return None
    stored = read_metadata(output)
    if (stored.name, stored.seed, stored.splits, stored.subsampling, stored.classes) != wanted:
        raise DataError(f"{output} holds another LMDB ({_summary(stored)}): give --force to replace it, "
                        "or another --output.")
    return stored


def _summary(metadata):
    counts = ", ".join(f"{count} {split}" for split, count in metadata.splits.items())
    sizes = sorted({f"{width} x {height}" for listed in metadata.sizes.values() for height, width in listed})
    return f"{metadata.name}, {counts} images of {' and '.join(sizes)} pixels, seed {metadata.seed}"


def main(arguments=None):
    """Run the command line; return 0, 1 after one sentence on stderr, or 128 + n after the signal n."""
    options = parse_arguments(arguments)
    raise_at_sigterm()
    try:
        make_lmdb(options.dataset, options.root, options.output, options.seed, dict(options.count),
                  options.full_resolution, options.jobs, options.force)
    except (DataError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        kept = partial_folder(options.output)
        remainder = f"the same command goes on with what is done, kept in {kept}" if os.path.isdir(kept) else \
            f"nothing was written to {options.output}"
        print(f"error: interrupted; {remainder}.", file=sys.stderr)
        return exit_status(interrupt)
    return 0


if __name__ == "__main__":
    sys.exit(main())
