"""A round over the validation split with a stage's validation net."""

import numpy as np

from experiments.mpi.data_parallel import data_count
from experiments.mpi.processes import communicator
from experiments.scoring.metrics import confusion_matrix, scores


def validate(net, metadata, before_image=lambda: None):
    """Run a validation net over its whole split; several processes share it out.

    Parameters
    ----------
    net : caffe.Net
        From `prototxt.nets.validation_net`. Its `labels`, where it has the CRF, else the argmax of `prob` are scored.
    metadata : data_prep.store.metadata.Metadata
    before_image : callable
        Called before each image, in each process as often; what it raises ends the round.

    Returns
    -------
    dict
        classes, categories and per_class, IoU in percent; confidence, the mean over pixels of the largest probability.
    """
    classes, images, processes = len(metadata.classes), metadata.splits["val"], communicator()
    data_count(net)[...] = 0
    confusion, confidence = np.zeros((classes, classes), np.int64), np.zeros(1)
    for first in range(0, images, processes.size):
        before_image()
        if first + processes.rank >= images:
            break  # the others have the last ones
        net.forward()
        prob = net.blobs["prob"].data
        predicted = net.blobs["labels"].data if "labels" in net.blobs else prob.argmax(axis=1)
        confusion += confusion_matrix(net.blobs["label"].data, predicted, classes, metadata.void)
        confidence += prob.max(axis=1).mean()
    result = scores(processes.sum(confusion), [entry.name for entry in metadata.classes],
                    [entry.category for entry in metadata.classes])
    return {**result.to_json(), "confidence": round(float(processes.sum(confidence)[0]) / images, 4)}
