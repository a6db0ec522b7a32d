"""The CRF as Theano graphs: public functions that take and return symbolic variables.

The NumPy functions of :mod:`theano_crf` have the same names and are these graphs, compiled. Axes are in Caffe's
order: unary costs (N, K, H, W), pairwise weights (N, 2, H, W), labels (N, H, W).
"""
import sys

import theano.tensor as T

from .checks import LARGEST_SINGLE
from .constants import COLUMNS, ROWS
from .defaults import ALPHA, BETA, DECODE, GAMMA, ITERATIONS, LAM, VOID
from .ops import Completion, DualMM, Energy, HalfStep, StructuredLoss
from .results import Solution, Structured

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):  # as Theano's flag device=cuda0 does
    from . import gpu  # noqa: F401


def contrast_weights(image, alpha=ALPHA, beta=BETA, lam=LAM):
    """Contrast-sensitive pairwise weights, equation 6.

    .. math:: w_{ij} = \\lambda \\exp(-\\alpha \\|I_i - I_j\\|_2^\\beta)

    Parameters
    ----------
    image : symbolic float32 tensor4
        (N, 3, H, W), RGB in [0, 1].
    alpha, beta, lam : float or symbolic scalar

    Returns
    -------
    symbolic float32 tensor4
        (N, 2, H, W). Channel 0 holds the edges from (y, x) to (y, x + 1); its last column is 0. Channel 1 holds the
        edges from (y, x) to (y + 1, x); its last row is 0. The gradient with respect to the image is defined as 0
        where neighbours are equal (for beta up to 1 it does not exist there).
    """
    alpha, beta, lam = (T.cast(value, "float32") for value in (alpha, beta, lam))

    def weights(difference):
        squares = T.sqr(difference).sum(axis=1)
        equal = T.eq(squares, 0)
        # Equal neighbours take the power of 1: its derivative at 0 is infinite, and times 0 gives NaN.
        power = T.switch(equal, T.eq(beta, 0), T.switch(equal, 1, squares) ** (beta / 2))
        # Clipped, since infinity times an alpha of 0 is NaN. Not by T.minimum, whose code crashes OpenCL's compiler.
        return lam * T.exp(-alpha * T.clip(power, 0, LARGEST_SINGLE))

    edges = T.zeros_like(image[:, :1]).repeat(2, axis=1)
    edges = T.set_subtensor(edges[:, ROWS, :, :-1], weights(image[:, :, :, 1:] - image[:, :, :, :-1]))
    return T.set_subtensor(edges[:, COLUMNS, :-1], weights(image[:, :, 1:] - image[:, :, :-1]))


def energy(unary, weights, labels):
    """Energy of a labelling, equation 2 with 5, summed in double precision.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W).
    labels : symbolic int32 tensor3
        (N, H, W), each from 0 to K - 1; the compiled function raises a ValueError otherwise.

    Returns
    -------
    symbolic float64 vector
        (N,).
    """
    return Energy()(unary, weights, labels)


def half_step(unary, weights, withheld, direction):
    """One half step of DualMM: maximal modular minorants of all rows or all columns.

    Let C = unary - withheld, and F the hierarchical minorant of C on every chain of the direction. The direction
    withholds C - F from now on, up to a constant per pixel; these constants cancel over a chain. Any number of half
    steps can be chained in a graph: they share one piece of C++ code, compiled once.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W), finite; weights at least 0. The compiled function raises a ValueError otherwise.
    withheld : symbolic float32 tensor4
        (N, K, H, W), the costs that the other direction withholds; zeros at first.
    direction : int
        0 for the rows, 1 for the columns.

    Returns
    -------
    withheld : symbolic float32 tensor4
        (N, K, H, W), the costs that this direction withholds.
    lower_bound : symbolic float64 vector
        (N,), the sum over pixels of the least entry of F.
    """
    return HalfStep(direction)(unary, weights, withheld)


def dual_mm(unary, weights, iterations=ITERATIONS, decode=DECODE, tolerance=float("-inf")):
    """MAP inference by DualMM (Shekhovtsov et al. 2016).

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W).
    iterations : int or symbolic int64 scalar
        At least 1. An iteration is a half step over the rows and one over the columns.
    decode : {"argmin", "viterbi", "icm"}
        The way in which labels are read off the duals; see :func:`theano_crf.dual_mm`.
    tolerance : float or symbolic float64 scalar
        An image ends early once an iteration has raised its lower bound by no more than this per pixel.

    Returns
    -------
    Solution
        Symbolic variables: labels (N, H, W) int32, lower_bound (N,) and energy (N,) float64.
    """
    labels, lower_bound, _ = DualMM(decode=decode)(unary, weights, iterations, tolerance)
    return Solution(labels, lower_bound, energy(unary, weights, labels))


def ssvm(unary, weights, truth, gamma=GAMMA, void=VOID, iterations=ITERATIONS, decode=DECODE):
    """Structured SVM loss with margin rescaling, its gradients and its certificate, equations 7 to 10.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W).
    truth : symbolic int32 tensor3
        (N, H, W), each from 0 to K - 1, or `void`.
    gamma : float or symbolic float32 scalar
        The margin per wrong pixel.
    void : int or symbolic int32 scalar
        The value of pixels without a label; :func:`theano_crf.ssvm` says how they count.
    iterations : int or symbolic int64 scalar
        DualMM's iterations, for the loss-augmented inference and again for the labels of void pixels.
    decode : {"argmin", "viterbi", "icm"}
        The way in which the loss-augmented labels are read off the duals; see :func:`theano_crf.dual_mm`.

    Returns
    -------
    Structured
        Symbolic variables; ``theano.grad(loss.sum(), [unary, weights])`` gives the same gradients.
    """
    labels, lower_bound, _ = DualMM(decode=decode)(unary, weights, iterations, float("-inf"), truth, gamma, void)
    completed, _ = Completion()(unary, weights, truth, labels, iterations, void)
    loss, grad_unary, grad_weights = StructuredLoss()(unary, weights, truth, completed, labels, gamma, void)
    return Structured(loss, grad_unary, grad_weights, labels, energy(unary, weights, completed) - lower_bound)
