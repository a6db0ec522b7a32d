"""Problems that are given by their costs, with the published ones among them, which are read from a folder."""

from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from theano_crf.defaults import NEIGHBOURS

PUBLISHED = ("tsukuba", "triplepoint")
ARRAYS = {"unary", "weights", "optimum"}


class GivenProblem(NamedTuple):
    """Costs and weights, and the least energy where it is known.

    Attributes
    ----------
    name : str
    costs : (1, K, H, W) float32
    weights : (1, 2, H, W) float32
    optimum : float, optional
    """

    neighbours = NEIGHBOURS
    compatibility = None  # Potts

    name: str
    costs: np.ndarray
    weights: np.ndarray
    optimum: Optional[float] = None

    def unary(self, kind):
        """Return the costs, the same for any kind: they did not come from probabilities."""
        return self.costs

    @property
    def least_costs(self):
        """The sum of the least unary costs: no energy is below it, and energies are told from there."""
        return float(self.costs.min(axis=1).sum(dtype=np.float64))


def read_published(folder, name):
    """Read a problem of `PUBLISHED`.

    Parameters
    ----------
    folder : path
        Holds <name>.npz with `unary` (K, H, W), `weights` (2, H, W) and `optimum`.
    name : str

    Returns
    -------
    GivenProblem

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it holds something else.
    """
    path = Path(folder) / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; MRF must name the folder of "
                                f"{' and '.join(f'{known}.npz' for known in PUBLISHED)}, or be unset.")
    with np.load(path) as stored:
        if not ARRAYS <= set(stored.files):
            raise ValueError(f"{path} holds {', '.join(stored.files)}; it must hold {', '.join(sorted(ARRAYS))}.")
        unary, weights, optimum = (stored[array] for array in ("unary", "weights", "optimum"))
    if unary.ndim != 3 or weights.shape != (2, *unary.shape[1:]) or optimum.size != 1:
        raise ValueError(f"{path} holds unary {unary.shape}, weights {weights.shape} and optimum {optimum.shape}; "
                         "they must be (K, H, W), (2, H, W) and a number.")
    labels, height, width = unary.shape
    return GivenProblem(f"{name}, {width} x {height}, {labels} labels", unary.astype(np.float32)[None],
                        weights.astype(np.float32)[None], float(optimum))
