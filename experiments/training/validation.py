"""A round over the validation splits with a stage's validation net."""

import numpy as np

from experiments.mpi.data_parallel import data_count
from experiments.mpi.processes import communicator
from experiments.scoring.metrics import confusion_matrix, scores


def validate(net, metadata, counts, before_image=lambda: None):
    """Run a validation net over its images; several processes share them out.

    Parameters
    ----------
    net : caffe.Net
        From `prototxt.nets.validation_net`. Its `labels`, where it has the CRF, else the argmax of `prob` are scored.
    metadata : data_prep.store.metadata.Metadata
    counts : dict of str to int
        Images per split, in the net's order, from `experiments.nets.definitions.validation_counts`.
    before_image : callable
        Called before each image, in each process as often; what it raises ends the round.

    Returns
    -------
    dict
        Of the first split classes, categories and per_class, IoU in percent; confidence, the mean over pixels of the
        largest probability; below "further", where there are other splits, the same of each by its name.
    """
    classes, processes = len(metadata.classes), communicator()
    splits = [number for number, count in enumerate(counts.values()) for _ in range(count)]
    data_count(net)[...] = 0
    confusion, confidence = np.zeros((len(counts), classes, classes), np.int64), np.zeros(len(counts))
    for first in range(0, len(splits), processes.size):
        before_image()
        if first + processes.rank >= len(splits):
            break  # the others have the last ones
        net.forward()
        split, prob = splits[first + processes.rank], net.blobs["prob"].data
        predicted = net.blobs["labels"].data if "labels" in net.blobs else prob.argmax(axis=1)
        confusion[split] += confusion_matrix(net.blobs["label"].data, predicted, classes, metadata.void)
        confidence[split] += prob.max(axis=1).mean()
    names, categories = zip(*((entry.name, entry.category) for entry in metadata.classes))
    confusion, confidence = processes.sum(confusion), processes.sum(confidence)
    results = {split: {**scores(confusion[number], names, categories).to_json(),
                       "confidence": round(float(confidence[number]) / counts[split], 4)}
               for number, split in enumerate(counts)}
    deciding, *others = results
    return {**results[deciding], **({"further": {split: results[split] for split in others}} if others else {})}
