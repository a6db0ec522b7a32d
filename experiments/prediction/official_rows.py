"""The table's rows at full resolution, scored by Cityscapes' official evaluation."""

import json

from data_prep import cityscapes
from experiments.mpi.processes import communicator
from experiments.nets.origin import check_labelling_nets
from experiments.prediction.cityscapes_files import check_benchmark, frame_sizes, prediction_name
from experiments.prediction.full_resolution import frames_of_lmdb, write_predictions
from experiments.prediction.full_size_crf import FullSizeCRF
from experiments.scoring.official_scores import import_evaluation, score_officially
from experiments.scoring.result_rows import FULL_SIZE_ROWS, WEIGHT_SETS
from experiments.settings.build_paths import Build


def evaluate_officially(config, build, split, root):
    """Score all rows of the paper's table 1 and the control at full resolution.

    Returns
    -------
    dict
        The result of `score_officially` for each row of `experiments.scoring.result_rows.FULL_SIZE_ROWS`, by its key,
        with ``enlarged_by``, the way that its labels came to full resolution; and ``details``: which images, their
        resolution and the configuration. Of several processes rank 0 alone scores, the others return None.

    Raises
    ------
    ValueError
        If the LMDB is not one of Cityscapes, the split has no labels or cityscapesscripts is not installed.
    """
    metadata = Build(build).metadata()
    check_benchmark(metadata, root)
    if split in cityscapes.WITHOUT_LABELS:
        raise ValueError(f"The split {split} has no published labels; `make submission` makes the archive for the test "
                         "server instead.")
    import_evaluation()
    truths = cityscapes.frame_labels(str(root), split)
    sizes = frames_of_lmdb(build, split, frame_sizes(root, split))
    check_labelling_nets(config, build, crf=True)
    crf = FullSizeCRF(config.crf, cityscapes.frame_images(str(root), split), metadata.mean_bgr)
    folders = write_predictions(build, split, FULL_SIZE_ROWS, sizes, metadata, config.image_scale, crf)
    if communicator().rank:
        return None
    result = {}
    for row in FULL_SIZE_ROWS:
        folder = folders[row.key]
        scored = score_officially([folder / prediction_name(frame) for frame in sizes],
                                  [truths[frame] for frame in sizes], folder.with_name(f"{row.key}.json"),
                                  f"score {row.row.title}, {row.enlarged_by}")
        result[row.key] = {"enlarged_by": row.enlarged_by, **scored}
    resolution = ", ".join(f"{width} x {height}" for width, height in sorted(set(sizes.values())))
    details = {"dataset": metadata.name, "split": split, "images": len(sizes),
               "frames_of_split": cityscapes.FRAMES[split], "resolution": f"full resolution ({resolution})",
               "configuration": json.loads(config.json()), **Build(build).provenance(WEIGHT_SETS)}
    return {**result, "details": details}
