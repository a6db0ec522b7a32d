"""Margins of the structured loss nearer to IoU: costs of labels that depend on an image's own truth (eq. 8)."""

import numpy as np


def iou_margins(truth, labels, classes, gamma, void):
    """Margins Gamma[c, k], the cost of label k where the truth is c, as a change of one pixel changes the classes' IoU.

    A missed pixel of class c costs 1 / (pixels of c), a false one of class k costs 1 / (pixels of k's union at
    `labels`), which counts as at least labelled pixels / K, so that a class that is nowhere costs a finite amount. The
    sum of both is scaled so that the mean over labelled pixels and their wrong labels is gamma.

    Parameters
    ----------
    truth : (N, H, W) int
        True labels, 0 to K - 1, or `void`.
    labels : (N, H, W) int
        The last labelling, 0 to K - 1.
    classes : int
        Number of classes, K.
    gamma : float
        The mean margin of an image.
    void : int
        Label of pixels that count nowhere.

    Returns
    -------
    (N, K, K) float32
        0 where c = k, and for classes c that the image lacks, whose margins are asked for nowhere.

    Raises
    ------
    ValueError
        If a true label is no class.
    """
    return np.stack([_of_image(one[one != void], predicted[one != void], classes, gamma)
                     for one, predicted in zip(truth, labels)])


def _of_image(truth, labels, classes, gamma):
    wrong = truth[(truth < 0) | (truth >= classes)]
    if len(wrong):
        raise ValueError(f"A pixel has the label {wrong[0]}; labels must be 0 to {classes - 1}, or void.")
    shown, predicted, right = (np.bincount(some, minlength=classes) for some in (truth, labels, truth[truth == labels]))
    unions = np.maximum(shown + predicted - right, len(truth) / classes)
    costs = np.zeros((classes, classes))
    present = shown > 0
    costs[present] = 1 / shown[present, None] + 1 / np.where(unions > 0, unions, 1)
    np.fill_diagonal(costs, 0)
    mean = shown @ costs.sum(axis=1) / max(1, len(truth) * (classes - 1))
    return (costs * (gamma / mean if mean else 0)).astype(np.float32)
