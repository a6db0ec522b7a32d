"""Neighbourhoods and compatibilities for which the solver is measured."""

import numpy as np

from theano_crf.defaults import NEIGHBOURS

DIAGONALS = ((1, 1), (1, -1))
FAR = ((0, 4), (4, 0))
NEIGHBOURHOODS = {"4": NEIGHBOURS, "8": NEIGHBOURS + DIAGONALS, "4 and 4 pixels away": NEIGHBOURS + FAR,
                  "8 and 4 pixels away": NEIGHBOURS + DIAGONALS + FAR}


def general_compatibility(labels, seed=0):
    """Draw a directed compatibility (K, K) float32: 0 for equal labels, else between 0.5 and 1.5."""
    costs = np.random.default_rng(seed).uniform(0.5, 1.5, (labels, labels)).astype(np.float32)
    np.fill_diagonal(costs, 0)
    return costs
