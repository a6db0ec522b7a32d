"""Label frames of a benchmark at their full resolution with nets that run at the resolution of the LMDB.

Every row, with the CRF or without, is enlarged by its labels at the net's resolution: planes that indicate them are
interpolated bilinearly, and the largest is taken at each pixel of the frame. (At twice the resolution that is the
nearest label, whose weight is 9/16.) So rows that agree at the net's resolution agree at the full one. The other way
interpolates what comes before the labels: the CNN's probabilities, or the CRF's unary costs, and then the CRF runs at
full resolution.
"""

import math

import numpy as np

from data_prep.atomic_files import write_atomically
from data_prep.digests import contents_digest
from data_prep.progress import Progress
from data_prep.store.records import open_records
from experiments.mpi.processes import communicator, share_out
from experiments.nets.net_images import NetImages
from experiments.nets.segmenter import Segmenter
from experiments.prediction.cityscapes_files import check_predictions, prediction_name
from experiments.prediction.label_images import encode_png
from experiments.prediction.photographs import indicators, labels_at_size
from experiments.runtime.marked_folder import prepare_folder
from experiments.scoring.result_rows import BY_COSTS, BY_PROBABILITIES
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


def write_predictions(build, split, rows, sizes, metadata, image_scale, full_size_crf=None):
    """Write and check the label images that rows give for a split.

    Several processes share the images out; what an interrupted run has written is not written again.

    Parameters
    ----------
    build : path
        Build folder of the experiment, with its nets, weights and LMDB.
    split : str
    rows : sequence of experiments.scoring.result_rows.FullSizeRow
    sizes : dict of str to (int, int)
        Width and height of each of the split's frames, from `frames_of_lmdb`.
    metadata : data_prep.store.metadata.Metadata
    image_scale : float
        Of the configuration.
    full_size_crf : experiments.prediction.full_size_crf.FullSizeCRF, optional
        For rows that are enlarged by their costs.

    Returns
    -------
    dict of str to pathlib.Path
        Folder of each row's PNG files, by the row's key.
    """
    build = Build(build)
    folders = {row.key: build.official_predictions(split, row.key) for row in rows}
    for stage in dict.fromkeys(row.row.stage for row in rows):
        of_stage = [row for row in rows if row.row.stage == stage]
        _write_rows_of_stage(build, split, stage, of_stage, folders, sizes, metadata, image_scale, full_size_crf)
    for folder in folders.values() if communicator().rank == 0 else ():
        check_predictions(folder, sizes, metadata.label_ids)
    return folders


def _write_rows_of_stage(build, split, stage, rows, folders, sizes, metadata, image_scale, full_size_crf):
    net = build.deploy_net(crf=any(row.row.crf for row in rows))
    weights = build.weights(stage)
    mark = contents_digest([*build.data_files(split), net, weights])
    processes = communicator()
    for row in rows if processes.rank == 0 else ():
        prepare_folder(folders[row.key], f"{mark} {row.enlarged_by}")
    images = NetImages(build.split(split), image_scale)
    missing = processes.from_first([index for index in range(len(images)) if not all(
        (folders[row.key] / prediction_name(images.name(index))).exists() for row in rows)])
    if not missing:
        return
    segmenter = Segmenter(net, weights, metadata.mean_bgr)
    label_ids = np.array(metadata.label_ids, np.uint8)

    def write(index):
        frame, (image, truth) = images.name(index), images.to_score(index)
        size = _checked_size(frame, truth.shape, sizes[frame], metadata.subsampling)
        segmentation = segmenter(image)
        for row in rows:
            labels = (full_size_crf.labels(frame, segmentation.prob, weights) if row.enlarged_by == BY_COSTS
                      else full_size_labels(segmentation, row, *size[::-1]))
            write_atomically(folders[row.key] / prediction_name(frame), encode_png(label_ids[labels]))

    with Progress(f"predict {split} with {stage}", 0, len(missing), "image") as progress:
        for _ in share_out(processes, missing, write):
            progress.advance()


def _checked_size(frame, shape, size, subsampling):
    expected = tuple(math.ceil(length / subsampling) for length in size)
    if shape[::-1] != expected:
        raise ValueError(f"The frame {frame} has {size[0]} x {size[1]} pixels in the dataset's folder and "
                         f"{shape[1]} x {shape[0]} in the LMDB, which should be {expected[0]} x "
                         f"{expected[1]}; name the folder that the LMDB was made from.")
    return size


def full_size_labels(segmentation, row, height, width):
    """Label an image at another size than the net's, by its labels or its probabilities.

    Parameters
    ----------
    segmentation : experiments.nets.segmenter.Segmentation
    row : experiments.scoring.result_rows.FullSizeRow
    height, width : int

    Returns
    -------
    (height, width) uint8
    """
    planes = segmentation.prob
    if row.enlarged_by != BY_PROBABILITIES:
        labels = segmentation.labels if row.row.crf else segmentation.cnn_labels
        planes = indicators(labels, len(planes))
    return labels_at_size(planes, height, width)
