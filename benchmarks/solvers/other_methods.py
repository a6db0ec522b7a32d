"""Others' methods on the same problem: alpha expansion (gco-wrapper) and the dense CRF's mean field (pydensecrf2)."""

import numpy as np
import pydensecrf.densecrf as densecrf
from gco import pygco

from theano_crf.defaults import NEIGHBOURS

LARGEST_COST = 10 ** 6  # alpha expansion works on integers; gco takes at most 10 ** 7 a term
UNTIL_CONVERGENCE = -1

# The settings that pydensecrf's own example has.
SMOOTHNESS = dict(sxy=3, compat=3)
APPEARANCE = dict(sxy=80, srgb=13, compat=10)


class AlphaExpansion:
    """Alpha expansion on one problem, from the labels of least unary cost.

    Parameters
    ----------
    unary : (1, K, H, W) float32
    weights : (1, D, H, W) float32
    neighbours : sequence of (dy, dx)
        Different from each other.
    """

    def __init__(self, unary, weights, neighbours=NEIGHBOURS):
        _, labels, self._height, self._width = unary.shape
        sites = self._height * self._width
        costs = unary[0].reshape(labels, sites).T.astype(np.float64, order="C")  # gco reads the memory as it lies
        costs -= costs.min()
        scale = LARGEST_COST / max(costs.max(), weights.max(), 1e-30)
        self._graph = pygco.GCO()
        self._graph.create_general_graph(sites, labels)
        self._graph.set_data_cost(np.rint(costs * scale))
        self._graph.set_all_neighbors(*self._edges(weights[0].astype(np.float64) * scale, neighbours))
        self._graph.set_smooth_cost(1 - np.eye(labels, dtype=np.intc))
        for site, label in enumerate(costs.argmin(axis=1)):
            self._graph.init_label_at_site(site, label)

    def _edges(self, weights, neighbours):
        sites = np.arange(self._height * self._width).reshape(self._height, self._width)
        pairs = []
        for weight, (dy, dx) in zip(weights, neighbours):
            inside = slice(max(0, self._height - dy)), slice(max(0, -dx), max(0, self._width - max(0, dx)))
            first = sites[inside]
            pairs.append((first, first + dy * self._width + dx, weight[inside]))
        first, second, weight = (np.concatenate([pair[part].ravel() for pair in pairs]) for part in range(3))
        return first, second, np.rint(weight)

    def expand(self, cycles):
        """Expand each label in turn, in a number of cycles or `UNTIL_CONVERGENCE`; return the labels (H, W)."""
        self._graph.expansion(cycles)
        return self.labels()

    def labels(self):
        """Return the labels (H, W) as they are now."""
        return self._graph.get_labels().reshape(self._height, self._width)

    def __del__(self):
        self._graph.destroy_graph()


def mean_field(image, unary, iterations):
    """Return the labels of a fully connected CRF's mean field; its energy is not that of the grid.

    Parameters
    ----------
    image : (H, W, 3) uint8
    unary : (1, K, H, W) float32
    iterations : int

    Returns
    -------
    (H, W) integer
    """
    _, labels, height, width = unary.shape
    field = densecrf.DenseCRF2D(width, height, labels)
    field.setUnaryEnergy(np.ascontiguousarray(unary[0].reshape(labels, -1)))
    field.addPairwiseGaussian(**SMOOTHNESS)
    field.addPairwiseBilateral(rgbim=np.ascontiguousarray(image), **APPEARANCE)
    return np.asarray(field.inference(iterations)).argmax(axis=0).reshape(height, width)
