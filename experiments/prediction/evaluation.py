"""Evaluation of the rows of the paper's table 1 on a split: labels, confusion matrices, edges and scores.

CNN only and CNN + CRF are one net, that of stage 3, without and with inference; the joint row is stage 4's,
the control's CNN was trained on with the softmax loss instead. All run through stage 4's deploy net, at the
resolution of the LMDB or, with `image_scale`, at a lower one, and are scored at that of the LMDB.
"""

import json
import time

import numpy as np

from data_prep.digests import contents_digest
from data_prep.progress import Progress
from experiments.mpi.processes import communicator, share_out
from experiments.nets.net_images import NetImages
from experiments.nets.origin import check_labelling_nets
from experiments.nets.segmenter import Segmenter
from experiments.prediction.photographs import enlarged_labels
from experiments.prediction.row_labels import counts_of_rows
from experiments.scoring.bootstrap import compared, frame_blocks
from experiments.scoring.confusion_cache import ConfusionStore
from experiments.scoring.image_counts import ImageCounter, ImageCounts, edge_scores, stacked
from experiments.scoring.metrics import scores_of
from experiments.scoring.result_rows import COMPARISONS, FURTHER_ROWS, JOINT, ROWS, WEIGHT_SETS
from experiments.scoring.text import resolution
from experiments.settings.build_paths import Build

SECONDS_BETWEEN_SAVES = 60


def counts_by_image(build, split, metadata, image_scale):
    """Run all weight sets over a split.

    Parameters
    ----------
    build : path
        Build folder of the experiment.
    split : str
    metadata : data_prep.store.metadata.Metadata
    image_scale : float

    Returns
    -------
    names : list of N str
        Of the images.
    counts : dict of str to experiments.scoring.image_counts.ImageCounts
        With an axis of N images, for each row of `ROWS` and `FURTHER_ROWS`, by its key.
    """
    build = Build(build)
    weights = {stage: build.weights(stage) for stage in WEIGHT_SETS}
    images = NetImages(build.split(split), image_scale)
    net = build.deploy_net(crf=True)
    mark = contents_digest([*build.data_files(split), net, *weights.values()])
    store = ConfusionStore(build.partial_evaluation(split), mark)
    for stage in WEIGHT_SETS:
        if store.done(stage) < len(images):
            segmenter = Segmenter(net, weights[stage], metadata.mean_bgr)
            _run_weight_set(segmenter, stage, images, len(metadata.classes), store)
    names = [images.name(index) for index in range(len(images))]
    counts = {row.key: ImageCounts(*(field[:, int(row.crf)] for field in store.counts(row.stage)))
              for row in ROWS + FURTHER_ROWS}
    store.remove()
    return names, counts


def _run_weight_set(segmenter, stage, images, classes, store):
    """Append the counts of each image not done yet: the CNN's labels and the CRF's. Processes share them out."""
    def counts_of(index):
        image, truth = images.to_score(index)
        segmentation, counter = segmenter(image), ImageCounter(truth, classes)
        return stacked([counter(enlarged_labels(labels, classes, *truth.shape))
                        for labels in (segmentation.cnn_labels, segmentation.labels)])

    first, saved = store.done(stage), time.monotonic()
    try:
        with Progress(f"evaluate {stage}", first, len(images), "image") as progress:
            for counts in share_out(communicator(), range(first, len(images)), counts_of):
                store.append(stage, counts)
                progress.advance()
                if time.monotonic() - saved > SECONDS_BETWEEN_SAVES:
                    store.save()
                    saved = time.monotonic()
    finally:
        if store.done(stage):
            store.save()


def evaluate(config, build, split, further=()):
    """Score all rows on a split.

    Parameters
    ----------
    config : experiments.settings.config.Config
    build : path
        Build folder of the experiment, with its nets, weights and LMDB.
    split : str
    further : sequence of experiments.scoring.result_rows.Row
        Rows beside `ROWS` and `FURTHER_ROWS`, whose weights are there.

    Returns
    -------
    dict
        What the JSON file holds: for each row of `ROWS`, by its key, ``classes``, ``categories`` and
        ``per_class``, IoU in percent or None; under ``details`` how it was found, further rows, pixel
        accuracies, scores of the edges (`experiments.scoring.image_counts.edge_scores`), 95 % intervals of differences
        over blocks of neighbouring frames, the number of those, and each image's pixel accuracies.
    """
    metadata = Build(build).metadata(split)
    check_labelling_nets(config, build, crf=True)
    labelled = counts_of_rows(config, build, further, split)  # first: these are kept when what follows is interrupted
    names, counts = counts_by_image(build, split, metadata, config.image_scale)
    counts.update({row.key: of_row for row, of_row in labelled.items()})
    confusions = {key: of_row.confusion for key, of_row in counts.items()}
    comparisons = [(first.key, second.key) for first, second in (*COMPARISONS, *((row, JOINT) for row in further))]
    blocks = frame_blocks(names, independent=bool(metadata.generator))
    scored = {key: scores_of(matrices, metadata.classes) for key, matrices in confusions.items()}
    details = {
        "dataset": metadata.name, "split": split, "images": len(names), "blocks": int(blocks.max()) + 1,
        "resolution": resolution(metadata, split),
        "configuration": json.loads(config.json()), **Build(build).provenance(WEIGHT_SETS),
        "pixel_accuracy": {key: value.pixel_accuracy for key, value in scored.items()},
        "per_category": {key: dict(value.per_category) for key, value in scored.items()},
        "further_rows": {row.key: scored[row.key].to_json() for row in (*further, *FURTHER_ROWS)},
        "edges": {key: edge_scores(of_row, metadata.classes) for key, of_row in counts.items()},
        "differences": [compared(first, second, confusions, blocks) for first, second in comparisons],
        "per_image": {name: {row.key: _accuracy(confusions[row.key][index]) for row in ROWS}
                      for index, name in enumerate(names)},
    }
    return {**{row.key: scored[row.key].to_json() for row in ROWS}, "details": _without_nan(details)}


def _accuracy(confusion):
    return 100 * float(np.trace(confusion)) / max(1, int(confusion.sum()))


def _without_nan(value):
    """Replace NaN by None, since JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _without_nan(entry) for key, entry in value.items()}
    return None if isinstance(value, float) and np.isnan(value) else value
