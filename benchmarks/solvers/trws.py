"""Sequential tree-reweighted message passing (TRW-S; Kolmogorov, PAMI 2006), as in trws.cpp, on one thread."""

import ctypes
from pathlib import Path

import numpy as np

from benchmarks.measuring.compiled import address, aligned, compiled
from theano_crf.defaults import NEIGHBOURS

SOURCE = Path(__file__).with_suffix(".cpp")
FOLDER = Path("build/bench")  # keeps the compiled library
HUGE = np.float32(1e20)  # cost of the labels that only fill the processor's vectors


class _Grid(ctypes.Structure):
    _fields_ = ([(name, ctypes.c_long) for name in ("labels", "height", "width", "directions")]
                + [(name, ctypes.c_void_p) for name in ("offsets", "costs", "weights", "compatibility", "transposed",
                                                        "messages")])


class TRWS:
    """TRW-S on one problem, which goes on where it stopped.

    Parameters
    ----------
    unary : (1, K, H, W) float32
    weights : (1, D, H, W) float32
        Of the edge from (y, x) to (y, x) + neighbours[d].
    neighbours : sequence of (dy, dx)
        dy > 0, or dy = 0 and dx > 0.
    compatibility : (K, K) or (D, K, K), optional
        Costs of two labels over an edge, in units of its weight; the first axis is the label of the edge's first end.
        None: Potts.
    folder : path
        Keeps the compiled library.

    Attributes
    ----------
    lower_bound : float
        On the energy of any labelling, after the iterations so far; -inf before the first.

    Raises
    ------
    ValueError
        If shapes do not fit, or an offset does not lead to a later pixel.
    """

    def __init__(self, unary, weights, neighbours=NEIGHBOURS, compatibility=None, folder=FOLDER):
        _, labels, height, width = unary.shape
        self._offsets = np.array(neighbours, np.int64).reshape(-1, 2)
        directions = len(self._offsets)
        if any(tuple(offset) <= (0, 0) for offset in self._offsets):
            raise ValueError(f"neighbours are {neighbours}; each must have dy > 0, or dy = 0 and dx > 0.")
        if weights.shape != (1, directions, height, width):
            raise ValueError(f"weights are {weights.shape}; they must be {(1, directions, height, width)}.")
        self._library = compiled(SOURCE, folder)
        self._library.iterate.restype = ctypes.c_double
        filled = next((size for size in (4, 8) if size >= labels), -(-labels // 16) * 16)
        self._costs = aligned((height, width, filled), HUGE)
        self._costs[..., :labels] = unary[0].transpose(1, 2, 0)
        self._weights = np.ascontiguousarray(weights, np.float32)
        self._messages = aligned((directions, height, width, filled), 0)
        self._compatibility = self._transposed = None
        if compatibility is not None:
            self._compatibility = np.zeros((directions, filled, filled), np.float32)
            self._compatibility[:, :labels, :labels] = compatibility
            self._transposed = self._compatibility.swapaxes(1, 2).copy()
        self._grid = _Grid(filled, height, width, directions, *map(address, (
            self._offsets, self._costs, self._weights, self._compatibility, self._transposed, self._messages)))
        self.lower_bound = -np.inf

    def iterate(self, iterations):
        """Pass over all pixels, forward and back, so many times, at least once; return the lower bound then."""
        self.lower_bound = self._library.iterate(ctypes.byref(self._grid), ctypes.c_long(iterations))
        return self.lower_bound

    def labels(self):
        """Return the labels (H, W) int32 by sequential conditioning on the messages as they are now."""
        chosen = np.empty((self._grid.height, self._grid.width), np.int32)
        self._library.choose_labels(ctypes.byref(self._grid), address(chosen))
        return chosen
