"""The Lovász-softmax loss, a surrogate of the mean IoU over classes (Berman, Rannen Triki and Blaschko 2018)."""

import caffe
import numpy as np

from python_layers.blobs import check_blob_counts, whole_labels
from python_layers.errors import shows_errors
from python_layers.parameters import PixelLossParameters, parse_param_str


def lovasz_softmax(probabilities, labels, void):
    """Mean over the classes that an image shows of the Lovász extension of the Jaccard loss 1 - IoU.

    Parameters
    ----------
    probabilities : (N, K, H, W) float
    labels : (N, H, W) int
        True labels, 0 to K - 1, or `void`.
    void : int
        Label of pixels that count nowhere.

    Returns
    -------
    losses : (N,) float64
        Of each image, from 0 to 1; 0 for an image without labelled pixels.
    gradient : (N, K, H, W) float32
        Of each image's loss by its probabilities: exact where no two errors of a class are equal, elsewhere a
        subgradient, as the loss is convex and linear in pieces.

    Raises
    ------
    ValueError
        If a label is no class.
    """
    losses, gradient = np.zeros(len(probabilities)), np.zeros(probabilities.shape, np.float32)
    for image, truth in enumerate(labels):
        labelled = truth != void
        truth = truth[labelled]
        shown = np.unique(truth)
        wrong = shown[(shown < 0) | (shown >= probabilities.shape[1])]
        if len(wrong):
            raise ValueError(f"A pixel has the label {wrong[0]}; labels must be 0 to {probabilities.shape[1] - 1}, or "
                             f"{void} for void.")
        for label in shown:
            loss, slopes = _jaccard_extension(probabilities[image, label][labelled], truth == label)
            losses[image] += loss / len(shown)
            gradient[image, label][labelled] = slopes / len(shown)
    return losses, gradient


def _jaccard_extension(probabilities, true):
    """Return the Lovász extension of the Jaccard loss of one class at its errors, and its slopes by probabilities.

    The errors are visited from the largest on, and each counts by what the loss grows when its pixel becomes wrong,
    too: the loss of m missed and f false pixels is 1 - (n - m) / (n + f) for a class of n pixels.
    """
    errors = np.where(true, 1 - probabilities.astype(np.float64), probabilities)
    order = np.argsort(-errors, kind="stable")
    missed, false = np.cumsum(true[order]), np.cumsum(~true[order])
    losses = 1 - (missed[-1] - missed) / (missed[-1] + false)
    growth = np.empty(len(errors))
    growth[order] = np.diff(losses, prepend=0)
    return errors @ growth, np.where(true, -growth, growth)


class LovaszLoss(caffe.Layer):
    """Lovász-softmax loss.

    Bottoms: probabilities (N, K, H, W), labels (N, H, W). Top: the mean loss of the images, each weighted by its number
    of labelled pixels, so that a batch is the same as its images one by one; without `normalise` the sum of those. A
    net must set the layer's `loss_weight`: Caffe gives a Python layer none.
    """

    @shows_errors
    def setup(self, bottom, top):
        check_blob_counts(self, bottom, top, (2,), (1,))
        self.parameters = parse_param_str(PixelLossParameters, self)

    def reshape(self, bottom, top):
        top[0].reshape(1)

    @shows_errors
    def forward(self, bottom, top):
        probabilities, void = bottom[0].data, self.parameters.void
        labels = whole_labels(bottom[1].data, probabilities)
        losses, self.gradient = lovasz_softmax(probabilities, labels, void)
        pixels = np.count_nonzero(labels != void, axis=(1, 2))
        self.scale = pixels / max(1, pixels.sum()) if self.parameters.normalise else pixels
        top[0].data[0] = self.scale @ losses

    @shows_errors
    def backward(self, top, propagate_down, bottom):
        if propagate_down[0]:
            scale = np.float32(self.scale * top[0].diff[0])
            np.multiply(self.gradient, scale[:, None, None, None], out=bottom[0].diff)
        if propagate_down[1]:
            bottom[1].diff[...] = 0  # asked for by `force_backward`: labels are data
