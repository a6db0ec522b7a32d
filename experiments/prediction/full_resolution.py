"""Label frames of a benchmark at their full resolution with nets that run at the resolution of the LMDB.

The CNN's probabilities are interpolated bilinearly, and the most probable class is taken at each pixel of the frame.
The CRF's costs depend on the resolution, so it runs at that of its training; planes that indicate its labels are
interpolated instead. (At twice the resolution each pixel gets the nearest label, whose weight is 9/16.)
"""

import math

import numpy as np

from data_prep.atomic_files import write_atomically
from data_prep.digests import contents_digest
from data_prep.progress import Progress
from data_prep.store.records import open_records
from experiments.mpi.processes import communicator, share_out
from experiments.nets.segmenter import Segmenter
from experiments.prediction.cityscapes_files import check_predictions, prediction_name
from experiments.prediction.label_images import encode_png
from experiments.prediction.photographs import indicators, labels_at_size
from experiments.runtime.marked_folder import prepare_folder
from experiments.settings.build_paths import Build


def frames_of_lmdb(build, split, sizes):
    """Return {frame: size}, taken from `sizes`, for the frames in an experiment's LMDB.

    Raises
    ------
    ValueError
        Where the LMDB has a frame that is not among `sizes`.
    """
    records = open_records(str(Build(build).split(split)))
    names = [records.name(index) for index in range(len(records))]
    foreign = sorted(set(names) - set(sizes))
    if foreign:
        raise ValueError(f"The LMDB in {Build(build).split(split)} has the frame {foreign[0]}, but the dataset's "
                         f"folder does not ({len(foreign)} such in all); name the folder that the LMDB was made from.")
    return {name: sizes[name] for name in names}


def write_predictions(build, split, rows, sizes, metadata):
    """Write and check the label images that rows give for a split.

    Several processes share the images out; what an interrupted run has written is not written again.

    Parameters
    ----------
    build : path
        Build folder of the experiment, with its nets, weights and LMDB.
    split : str
    rows : sequence of experiments.scoring.result_rows.Row
    sizes : dict of str to (int, int)
        Width and height of each of the split's frames, from `frames_of_lmdb`.
    metadata : data_prep.store.metadata.Metadata

    Returns
    -------
    dict of str to pathlib.Path
        Folder of each row's PNG files, by the row's key.
    """
    build = Build(build)
    folders = {row.key: build.official_predictions(split, row.key) for row in rows}
    for stage in dict.fromkeys(row.stage for row in rows):
        _write_rows_of_stage(build, split, [row for row in rows if row.stage == stage], folders, sizes, metadata)
    for folder in folders.values() if communicator().rank == 0 else ():
        check_predictions(folder, sizes, metadata.label_ids)
    return folders


def _write_rows_of_stage(build, split, rows, folders, sizes, metadata):
    stage = rows[0].stage
    net = build.deploy_net(crf=any(row.crf for row in rows))
    weights = build.weights(stage)
    mark = contents_digest([*build.data_files(split), weights])
    processes = communicator()
    for row in rows if processes.rank == 0 else ():
        prepare_folder(folders[row.key], mark)
    records = open_records(str(build.split(split)))
    missing = processes.from_first([index for index in range(len(records)) if not all(
        (folders[row.key] / prediction_name(records.name(index))).exists() for row in rows)])
    if not missing:
        return
    segmenter = Segmenter(net, weights, metadata.mean_bgr)

    def write(index):
        frame, image = records.name(index), records[index][0]
        size = _checked_size(frame, image, sizes[frame], metadata.subsampling)
        segmentation = segmenter(image)
        for row in rows:
            write_atomically(folders[row.key] / prediction_name(frame),
                             encode_png(_label_ids(segmentation, row, size, metadata)))

    with Progress(f"predict {split} with {stage}", 0, len(missing), "image") as progress:
        for _ in share_out(processes, missing, write):
            progress.advance()


def _checked_size(frame, image, size, subsampling):
    expected = tuple(math.ceil(length / subsampling) for length in size)
    if image.shape[1::-1] != expected:
        raise ValueError(f"The frame {frame} has {size[0]} x {size[1]} pixels in the dataset's folder and "
                         f"{image.shape[1]} x {image.shape[0]} in the LMDB, which should be {expected[0]} x "
                         f"{expected[1]}; name the folder that the LMDB was made from.")
    return size


def _label_ids(segmentation, row, size, metadata):
    planes = indicators(segmentation.labels, len(segmentation.prob)) if row.crf else segmentation.prob
    return np.array(metadata.label_ids, np.uint8)[labels_at_size(planes, size[1], size[0])]
