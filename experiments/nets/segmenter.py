"""Deploy nets on images: the CNN's probabilities and, where the net has a CRF, its labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Optional

import caffe
import numpy as np

from experiments.nets.caffemodel import check_fits
from experiments.nets.device import use_device
from prototxt.learnt import LEARNT_LAYERS


@dataclass(frozen=True)
class Segmentation:
    """Probabilities and labels that a deploy net gives for one image of H x W pixels and K classes.

    Attributes
    ----------
    prob : (K, H, W) float32
        The CNN's softmax.
    labels : (H, W) int32 or None
        The CRF's labels; None from a net without a CRF, as are all that follow.
    weights : (D, H, W) float32 or None
        Pairwise weights (eq. 6), a channel per neighbour.
    energy, lower_bound : float or None
        Energy of the CRF's labels (eq. 2), and DualMM's lower bound on the least energy.
    """

    prob: np.ndarray
    labels: Optional[np.ndarray] = None
    weights: Optional[np.ndarray] = None
    energy: Optional[float] = None
    lower_bound: Optional[float] = None

    @property
    def cnn_labels(self):
        """Most probable class of each pixel, (H, W) int32: the CNN without the CRF."""
        return self.prob.argmax(axis=0).astype(np.int32)


class Scored(NamedTuple):
    """Scores and probabilities of a CNN for one image of H x W pixels, before any CRF.

    Attributes
    ----------
    data : (3, H, W) float32
        The image as the net takes it: BGR less the mean.
    score, prob : (K, H, W) float32
        Before and after the softmax.
    """

    data: np.ndarray
    score: np.ndarray
    prob: np.ndarray


class Segmenter:
    """A deploy net with trained weights.

    Parameters
    ----------
    definition : path
        Deploy net (prototxt): input ``data`` (N, 3, H, W), BGR in 0 to 255 minus the mean; blobs ``prob``
        and, with a CRF, ``weights``, ``labels``, ``energy`` and ``lower_bound``.
    weights : path
        Trained weights (caffemodel) of the net's layers. Terms of the CRF that they lack are the paper's; terms that
        a net without a CRF lacks are left out.
    mean_bgr : sequence of 3 float
        Mean colour subtracted in training, in 0 to 255.

    Attributes
    ----------
    size : (int, int)
        Height and width that the net was generated for, those of the training images; others work too.
    has_crf : bool
        Whether the net infers labels with the CRF.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If the weights belong to another net. Caffe itself would go on with layers that are not initialised, or
        end the process.
    """

    def __init__(self, definition, weights, mean_bgr):
        for path in (Path(definition), Path(weights)):
            if not path.is_file():
                raise FileNotFoundError(f"There is no {path}; generate the nets and train this stage first.")
        self._mean = np.asarray(mean_bgr, dtype=np.float32).reshape(3, 1, 1)
        self._source = Path(weights)
        use_device()
        self._net = caffe.Net(str(definition), caffe.TEST)
        self.has_crf = "labels" in self._net.blobs
        check_fits(self._net, weights, LEARNT_LAYERS, frozenset() if self.has_crf else LEARNT_LAYERS)
        self._net.copy_from(str(weights))
        self.size = tuple(self._net.blobs["data"].data.shape[2:])

    def __call__(self, image):
        """Segment one image.

        Parameters
        ----------
        image : (H, W, 3) uint8
            RGB.

        Returns
        -------
        Segmentation

        Raises
        ------
        ValueError
            If `image` is not such an array, or the net's probabilities are not numbers.
        """
        self._forward(image)
        prob = self._blob("prob")
        if not self.has_crf:
            return Segmentation(prob)
        return Segmentation(prob, self._blob("labels").astype(np.int32), self._blob("weights"),
                            float(self._blob("energy")), float(self._blob("lower_bound")))

    def scored(self, image):
        """Return the CNN's `Scored` of an image; the image and the errors are those of a call."""
        self._forward(image)
        return Scored(self._blob("data"), self._blob("score"), self._blob("prob"))

    def _forward(self, image):
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(f"An image of shape {image.shape} and type {image.dtype} was given; "
                             "it must be (height, width, 3), uint8, RGB.")
        data = image[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) - self._mean
        self._net.blobs["data"].reshape(1, *data.shape)
        self._net.blobs["data"].data[0] = data
        self._net.forward()
        if not np.isfinite(self._net.blobs["prob"].data).all():
            raise ValueError(f"With the weights {self._source} the net's probabilities are not numbers: "
                             "the training has diverged; train again with a lower learning rate.")

    def _blob(self, name):
        return self._net.blobs[name].data[0].copy()
