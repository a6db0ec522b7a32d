"""The CRF at a frame's full resolution: costs interpolated from the net's resolution, weights of the frame itself."""

import numpy as np

import theano_crf
from experiments.prediction.photographs import planes_at_size, read_photograph
from prototxt.unary import cooled, unary_costs


class FullSizeCRF:
    """Labels frames with the CRF at full resolution.

    The parameters are those of the net's resolution: at a higher one neighbours differ less, and a region's costs grow
    faster than its boundary's.

    Parameters
    ----------
    crf : experiments.settings.config.CRFConfig
    images : dict of str to path
        The image of each frame.
    """

    def __init__(self, crf, images):
        self._crf, self._images = crf, images

    def labels(self, frame, probability):
        """Label a frame.

        Parameters
        ----------
        frame : str
        probability : (K, h, w) float32
            The CNN's, at the net's resolution.

        Returns
        -------
        (H, W) int32
            At the resolution of the frame's image.
        """
        crf, image = self._crf, read_photograph(self._images[frame])
        costs = planes_at_size(unary_costs(cooled(probability, crf.temperature), crf.unary), *image.shape[:2])
        colours = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
        weights = theano_crf.contrast_weights(colours, crf.alpha, crf.beta, crf.lam, crf.neighbours)
        return theano_crf.dual_mm(costs[np.newaxis], weights, crf.iterations, crf.decode,
                                  neighbours=crf.neighbours).labels[0]
