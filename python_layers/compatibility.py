"""The label compatibility of a Caffe layer: none, fixed values, or a blob (D, K, K) that is learnt."""

import numpy as np

from theano_crf import checks


class LayerCompatibility:
    """The compatibility that a layer's parameters, a `LabelCompatibility`, ask for.

    A learnt one is the layer's blob. Layers share it where they name it alike: `param { name: "..." }`. It is kept at
    least 0 and, unless it is directed, symmetric. Its diagonal has no gradient where `learn_diagonal` is false.

    Parameters
    ----------
    layer : caffe.Layer
        With the attribute `parameters`; a blob is added to it if it has none.
    labels : int
        Number of classes K.

    Attributes
    ----------
    clipped : int
        Number of entries that were below 0 when `values` was last called, and were set to 0.
    """

    def __init__(self, layer, labels):
        options = layer.parameters
        self.directed = options.directed
        self._learns = np.ones((labels, labels), bool) if options.learn_diagonal else ~np.eye(labels, dtype=bool)
        self.clipped = 0
        self._layer = layer if options.learn_compatibility else None
        self._fixed = None
        if options.compatibility is not None or options.learn_compatibility:
            given = 1 - np.eye(labels) if options.compatibility is None else _array(options.compatibility)
            self._fixed = checks.compatibility(given, options.neighbours, labels)
        if self._layer is not None and len(layer.blobs) == 0:
            layer.blobs.add_blob(*self._fixed.shape)
            layer.blobs[0].data[...] = self._fixed

    @property
    def is_learnt(self):
        """True if it is a blob."""
        return self._layer is not None

    def values(self):
        """Return the compatibility (D, K, K), None for Potts; a learnt one is first made at least 0 and symmetric."""
        if self._layer is None:
            return self._fixed
        values = self._layer.blobs[0].data
        self.clipped = put_in_order(values, self.directed)
        return values

    def add_gradient(self, gradient, scale):
        """Add the loss's gradient (D, K, K) times `scale` to that of a learnt compatibility."""
        if self._layer is not None:
            if not self.directed:
                gradient = (gradient + gradient.swapaxes(1, 2)) / 2
            self._layer.blobs[0].diff[...] += scale * gradient * self._learns


def put_in_order(matrices, directed):
    """Make learnt compatibilities (D, K, K) at least 0 and, unless `directed`, symmetric, in place.

    Returns
    -------
    int
        Number of entries that were below 0.
    """
    if not directed:
        matrices[...] = (matrices + matrices.swapaxes(1, 2)) / 2
    clipped = int(np.count_nonzero(matrices < 0))
    np.maximum(matrices, 0, out=matrices)
    return clipped


def _array(nested):
    """Return nested tuples as an array; raise a ValueError of one sentence if their lengths differ."""
    lengths = {len(rows) for rows in nested} | {len(row) for rows in nested for row in rows if isinstance(row, tuple)}
    if len(lengths) > 1 or 0 in lengths:
        raise ValueError("compatibility has rows of several lengths; it must be (K, K) or (D, K, K)")
    return np.array(nested)
