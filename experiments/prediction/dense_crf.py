"""The fully connected CRF (Krähenbühl and Koltun 2011) by pydensecrf2's mean field: what the paper compares with."""

import numpy as np

from prototxt.unary import NEGATIVE_LOG, unary_costs


def mean_field(image, prob, settings):
    """Label an image by mean field, from costs -log p.

    The pairwise terms are Potts: a Gaussian of the distance, and one of distance and colour.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    prob : (K, H, W) float32
    settings : experiments.settings.crf_config.DenseCRFConfig

    Returns
    -------
    (H, W) int32
    """
    import pydensecrf.densecrf as densecrf  # for this row alone
    labels, height, width = prob.shape
    field = densecrf.DenseCRF2D(width, height, labels)
    field.setUnaryEnergy(np.ascontiguousarray(unary_costs(prob, NEGATIVE_LOG).reshape(labels, -1)))
    field.addPairwiseGaussian(sxy=settings.smoothness_distance, compat=settings.smoothness)
    field.addPairwiseBilateral(sxy=settings.appearance_distance, srgb=settings.appearance_colour,
                               rgbim=np.ascontiguousarray(image), compat=settings.appearance)
    marginals = np.asarray(field.inference(settings.iterations))
    return marginals.argmax(axis=0).reshape(height, width).astype(np.int32)
