"""The archive for Cityscapes' test server: a row's predictions for the test split."""

import zipfile
from pathlib import Path

from data_prep import cityscapes
from data_prep.atomic_files import replacement
from experiments.mpi.processes import communicator
from experiments.prediction.cityscapes_files import check_benchmark, frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.scoring.result_rows import enlarged_by_labels
from experiments.settings.build_paths import Build

SPLIT = "test"
EARLIEST = 1980, 1, 1, 0, 0, 0  # of a zip's entries: equal predictions give equal archives


def make_submission(build, root, row, image_scale, subset=False):
    """Predict the test split with a row and pack its PNG files into an archive.

    Parameters
    ----------
    build : path
        Build folder of the experiment.
    root : path
        Folder of Cityscapes.
    row : experiments.scoring.result_rows.Row
    image_scale : float
        Of the configuration.
    subset : bool
        Take an LMDB that lacks frames, or frames that are not of 2048 x 1024 pixels; the server would refuse both.

    Returns
    -------
    pathlib.Path
        None in processes other than rank 0, which alone packs what they all have predicted.

    Raises
    ------
    ValueError
        If the LMDB is not one of Cityscapes, has no split test or, without `subset`, is one that the server would
        refuse.
    """
    build = Build(build)
    metadata = build.metadata()
    check_benchmark(metadata, root)
    if SPLIT not in metadata.splits:
        raise ValueError(f"The LMDB in {build.lmdb} has no split {SPLIT}; unpack its images below "
                         f"{Path(root) / cityscapes.IMAGES / SPLIT} and make the LMDB again.")
    sizes = frames_of_lmdb(build, SPLIT, frame_sizes(root, SPLIT))
    if not subset:
        _check_whole(sizes)
    folder = write_predictions(build, SPLIT, [enlarged_by_labels(row)], sizes, metadata, image_scale)[row.key]
    if communicator().rank:
        return None
    archive = build.submission(row.key)
    _write_archive(archive, [folder / prediction_name(frame) for frame in sorted(sizes)])
    return archive


def _check_whole(sizes):
    count, (height, width) = cityscapes.FRAMES[SPLIT], cityscapes.FRAME_SIZE
    if len(sizes) != count:
        raise ValueError(f"The LMDB has {len(sizes)} frames of the split {SPLIT}, but the test server wants {count}; "
                         "make the LMDB of all of them, or give --subset for an archive that is not for the server.")
    for frame, size in sizes.items():
        if tuple(size) != (width, height):
            raise ValueError(f"The frame {frame} has {size[0]} x {size[1]} pixels, but the test server wants "
                             f"{width} x {height}; unpack the dataset again, or give --subset for an archive that is "
                             "not for the server.")


def _write_archive(path, files):
    with replacement(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:  # not compressed: PNG files are
            for file in files:
                archive.writestr(zipfile.ZipInfo(file.name, EARLIEST), file.read_bytes())
        with zipfile.ZipFile(temporary) as archive:
            if archive.testzip() is not None:
                raise ValueError(f"The archive {path} was damaged while it was written; check the disk.")
