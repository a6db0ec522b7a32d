"""The archive for Cityscapes' test server: `python3 -m experiments.submission --config CONFIG --root FOLDER`.

Labels the frames of the test split at full resolution, checks names, sizes and label ids of the PNG files and packs
them as <build>/submission-<row>.zip. Interrupted, it goes on when started again.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import zipfile
from pathlib import Path

from data_prep import cityscapes
from data_prep.atomic_files import replacement
from experiments.mpi.processes import communicator
from experiments.prediction.cityscapes_files import check_benchmark, frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.scoring.result_rows import JOINT, ROWS
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config

SPLIT = "test"
FRAME_SIZE = 2048, 1024
EARLIEST = 1980, 1, 1, 0, 0, 0  # of a zip's entries: equal predictions give equal archives


def make_submission(build, root, row, subset=False):
    """Write the archive of a row's predictions for the test split.

    Parameters
    ----------
    build : path
        Build folder of the experiment.
    root : path
        Folder of Cityscapes.
    row : experiments.scoring.result_rows.Row
    subset : bool
        Take an LMDB that lacks frames, or frames that are not of 2048 x 1024 pixels; the server would refuse both.

    Returns
    -------
    pathlib.Path
        None in processes other than rank 0, which alone packs what they all have predicted.
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
    folder = write_predictions(build, SPLIT, [row], sizes, metadata)[row.key]
    if communicator().rank:
        return None
    archive = build.submission(row.key)
    _write_archive(archive, [folder / prediction_name(frame) for frame in sorted(sizes)])
    return archive


def _check_whole(sizes):
    whole = cityscapes.FRAMES[SPLIT]
    if len(sizes) != whole:
        raise ValueError(f"The LMDB has {len(sizes)} frames of the split {SPLIT}, but the test server wants {whole}; "
                         "make the LMDB of all of them, or give --subset for an archive that is not for the server.")
    for frame, size in sizes.items():
        if tuple(size) != FRAME_SIZE:
            raise ValueError(f"The frame {frame} has {size[0]} x {size[1]} pixels, but the test server wants "
                             f"{FRAME_SIZE[0]} x {FRAME_SIZE[1]}; unpack the dataset again, or give --subset for an "
                             "archive that is not for the server.")


def _write_archive(path, files):
    with replacement(path) as temporary:
        with zipfile.ZipFile(temporary, "w") as archive:  # not compressed: PNG files are
            for file in files:
                archive.writestr(zipfile.ZipInfo(file.name, EARLIEST), file.read_bytes())
        with zipfile.ZipFile(temporary) as archive:
            if archive.testzip() is not None:
                raise ValueError(f"The archive {path} was damaged while it was written; check the disk.")


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--root", required=True, help="folder of Cityscapes")
    parser.add_argument("--row", choices=[row.key for row in ROWS], default=JOINT.key,
                        help=f"of the paper's table 1 (default: {JOINT.key})")
    parser.add_argument("--subset", action="store_true",
                        help="take a split that is not whole, or smaller frames; the server would refuse them")
    options = parser.parse_args(arguments)
    build = build_folder(options, load_config(options.config))
    row = next(row for row in ROWS if row.key == options.row)
    archive = make_submission(build, options.root, row, options.subset)
    if archive is None:
        return 0
    with zipfile.ZipFile(archive) as packed:
        count = len(packed.namelist())
    print(f"{archive}: label ids of {count} frames, {archive.stat().st_size / 1e6:.1f} MB; names, sizes and ids are "
          "checked")
    return 0


if __name__ == "__main__":
    run_command(main)
