"""Unary costs of class probabilities (eq. 4), as NumPy arrays; `prototxt.nets` has the same as layers."""

import numpy as np

# Added to a probability before its logarithm: a class that the CNN rules out must not cost infinity.
LEAST_PROBABILITY = 1e-6
NEGATIVE_PROBABILITY, NEGATIVE_LOG = KINDS = "-p", "-log p"


def cooled(probability, temperature):
    """Return softmax(score / temperature) of probabilities softmax(score), an array of the same shape.

    Parameters
    ----------
    probability : (K, H, W) float32
    temperature : float
        Above 0.
    """
    if temperature == 1:
        return probability
    powers = probability ** np.float32(1 / temperature)
    return powers / powers.sum(axis=0)


def unary_costs(probability, kind):
    """Return the costs of probabilities, of the same shape: -p, or -log(p + 1e-6).

    Parameters
    ----------
    probability : float32 array
    kind : {"-p", "-log p"}
    """
    if kind == NEGATIVE_PROBABILITY:
        return -probability
    return -np.log(probability + np.float32(LEAST_PROBABILITY))
