"""Sets of a CRF's parameters: those that a grid search tries, and the paper's or pydensecrf's."""

import itertools
from typing import NamedTuple, Optional

from experiments.settings.crf_config import CRFConfig, DenseCRFConfig


class ParameterSet(NamedTuple):
    """Parameters of equations 6 and 8, DualMM's iterations, and the temperature of the unary costs' softmax.

    Attributes
    ----------
    alpha, beta, lam : float
    iterations : int
    temperature : float
    relative_contrast : bool
    gamma : float or None
        None where it is not searched: labels do not depend on it.
    """

    alpha: float
    beta: float
    lam: float
    iterations: int
    temperature: float = 1
    relative_contrast: bool = False
    gamma: Optional[float] = None

    @property
    def of_labels(self):
        """The set without gamma, on which labels do not depend."""
        return self._replace(gamma=None)

    def __str__(self):
        return _text(self)

    def to_json(self):
        """Return {name: value}, gamma only where it is searched, relative_contrast only where it is true."""
        return {name: value for name, value in self._asdict().items() if value is not None and value is not False}


class DenseParameterSet(NamedTuple):
    """Parameters of the fully connected CRF, those of `experiments.settings.crf_config.DenseCRFConfig`, by name."""

    smoothness: float
    smoothness_distance: float
    appearance: float
    appearance_distance: float
    appearance_colour: float
    iterations: int

    gamma = None  # its labels are not trained with a margin

    def __str__(self):
        return _text(self)

    def to_json(self):
        """Return {name: value}."""
        return self._asdict()


def _text(parameters):
    return ", ".join(f"{name} {value:g}" for name, value in parameters.to_json().items())


def paper_set(grid):
    """Return the paper's set (section 5), with gamma where `grid` searches it."""
    return _own_set(CRFConfig(), grid)


def parameter_sets(grid, crf):
    """Combine the values of a grid.

    Parameters
    ----------
    grid : experiments.settings.crf_config.GridConfig
    crf : experiments.settings.crf_config.CRFConfig
        Gives the value of each parameter for which the grid has none.

    Returns
    -------
    list of ParameterSet
        Every combination once, gamma changing fastest; at the end the paper's set if it is not among them.
    """
    return _combined(grid, _own_set(crf, grid), paper_set(grid))


def example_set():
    """Return the parameters of pydensecrf's example."""
    return _own_dense_set(DenseCRFConfig())


def dense_parameter_sets(grid, dense_crf):
    """Combine the values of a grid of the fully connected CRF.

    Parameters
    ----------
    grid : experiments.settings.crf_config.DenseGridConfig
    dense_crf : experiments.settings.crf_config.DenseCRFConfig
        Gives the value of each parameter for which the grid has none.

    Returns
    -------
    list of DenseParameterSet
        Every combination once; at the end the example's if it is not among them.
    """
    return _combined(grid, _own_dense_set(dense_crf), example_set())


def _combined(grid, own, last):
    values = [getattr(grid, name) or (value,) for name, value in own._asdict().items()]
    sets = [type(own)(*combination) for combination in itertools.product(*values)]
    return list(dict.fromkeys([*sets, last]))


def _own_set(crf, grid):
    gamma = crf.gamma if grid.gamma else None
    return ParameterSet(crf.alpha, crf.beta, crf.lam, crf.iterations, crf.temperature, crf.relative_contrast,
                        gamma)


def _own_dense_set(dense_crf):
    return DenseParameterSet(*(getattr(dense_crf, name) for name in DenseParameterSet._fields))
