"""A round over the validation split with a stage's validation net."""

import numpy as np

from experiments.metrics import confusion_matrix, scores


def validate(net, metadata, before_image=lambda: None):
    """Run a validation net over its whole split.

    Parameters
    ----------
    net : caffe.Net
        From `prototxt.nets.validation_net`. Its `labels`, where it has the CRF, else the argmax of `prob` are scored.
    metadata : data_prep.metadata.Metadata
    before_image : callable
        Called before each image; what it raises ends the round.

    Returns
    -------
    dict
        classes, categories and per_class, IoU in percent; confidence, the mean over pixels of the largest probability.
    """
    classes = len(metadata.classes)
    _rewind(net)
    confusion, confidences = np.zeros((classes, classes), np.int64), []
    for _ in range(metadata.splits["val"]):
        before_image()
        net.forward()
        prob = net.blobs["prob"].data
        predicted = net.blobs["labels"].data if "labels" in net.blobs else prob.argmax(axis=1)
        confusion += confusion_matrix(net.blobs["label"].data, predicted, classes, metadata.void)
        confidences.append(prob.max(axis=1).mean())
    result = scores(confusion, [entry.name for entry in metadata.classes],
                    [entry.category for entry in metadata.classes])
    return {**result.to_json(), "confidence": round(float(np.mean(confidences)), 4)}


def _rewind(net):
    """Begin with the first record again: the data layer's parameter counts its iterations."""
    for name, blobs in net.params.items():
        if name.startswith("data_"):
            blobs[0].data[...] = 0
