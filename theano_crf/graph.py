"""The CRF as Theano graphs: public functions that take and return symbolic variables.

The NumPy functions of :mod:`theano_crf` have the same names and are these graphs, compiled. Axes are in Caffe's
order: unary costs (N, K, H, W), pairwise weights (N, D, H, W) of D directions, labels (N, H, W).
"""
import sys

import numpy as np
import theano.tensor as T

from .checks import LARGEST_SINGLE
from .constants import COLUMNS, ROWS  # noqa: F401  the directions of half_step
from .defaults import ALPHA, BETA, DARK, DECODE, GAMMA, ITERATIONS, LAM, NEIGHBOURS, VOID
from .neighbourhood import checked_neighbours
from .ops import POTTS, CompatibilityGradient, Completion, DualMM, Energy, HalfStep, Proof, StructuredLoss
from .results import Solution, Structured

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):  # as Theano's flag device=cuda0 does
    from . import gpu  # noqa: F401


def relative_colours(image):
    """Colours whose differences are relative: in light twice as strong, those of bright pixels stay the same.

    .. math:: \\log(1 + I / d) / \\log(1 + 1 / d), \\quad d = 0.03

    Parameters
    ----------
    image : symbolic float32 tensor4
        (N, 3, H, W), RGB in [0, 1].

    Returns
    -------
    symbolic float32 tensor4
        Of the same shape, in [0, 1]. Colours well below d keep absolute differences, so that noise in the dark, which
        is large beside them, makes no edges.
    """
    return T.log1p(T.clip(image, 0, 1) * np.float32(1 / DARK)) * np.float32(1 / np.log1p(1 / DARK))


def contrast_weights(image, alpha=ALPHA, beta=BETA, lam=LAM, neighbours=NEIGHBOURS, relative=False):
    """Contrast-sensitive pairwise weights, equation 6, lambda divided by the offset's length.

    .. math:: w_{ij} = \\lambda \\exp(-\\alpha \\|I_i - I_j\\|_2^\\beta) / \\|o\\|_2

    Parameters
    ----------
    image : symbolic float32 tensor4
        (N, 3, H, W), RGB in [0, 1].
    alpha, beta, lam : float or symbolic scalar
        lam may be a symbolic vector (D,), too: one per neighbour.
    neighbours : sequence of pairs of int
        D offsets (dy, dx) from an edge's first pixel to its second; dy is above 0, or 0 with dx above 0.
    relative : bool
        Take :func:`relative_colours` of the image.

    Returns
    -------
    symbolic float32 tensor4
        (N, D, H, W). Channel d holds the edges from (y, x) to (y + dy, x + dx); it is 0 where that is outside. The
        gradient with respect to the image is defined as 0 where neighbours are equal (for beta up to 1 it does not
        exist there).
    """
    alpha, beta, lam = (T.cast(value, "float32") for value in (alpha, beta, lam))
    neighbours = checked_neighbours(neighbours)
    if relative:
        image = relative_colours(image)

    def weights(difference, lam, length):
        squares = T.sqr(difference).sum(axis=1)
        equal = T.eq(squares, 0)
        # Equal neighbours take the power of 1: its derivative at 0 is infinite, and times 0 gives NaN.
        power = T.switch(equal, T.eq(beta, 0), T.switch(equal, 1, squares) ** (beta / 2))
        # Clipped, since infinity times an alpha of 0 is NaN. Not by T.minimum, whose code crashes OpenCL's compiler.
        scale = lam if length == 1 else lam / np.float32(length)
        return scale * T.exp(-alpha * T.clip(power, 0, LARGEST_SINGLE))

    edges = T.zeros_like(image[:, :1]).repeat(len(neighbours), axis=1)
    for channel, (dy, dx) in enumerate(neighbours):
        first = slice(None, -dy or None), slice(max(-dx, 0), -max(dx, 0) or None)
        second = slice(dy or None, None), slice(max(dx, 0) or None, min(dx, 0) or None)
        difference = image[(slice(None), slice(None), *second)] - image[(slice(None), slice(None), *first)]
        edges = T.set_subtensor(edges[(slice(None), channel, *first)],
                                weights(difference, lam[channel] if lam.ndim else lam, np.hypot(dy, dx)))
    return edges


def energy(unary, weights, labels, neighbours=NEIGHBOURS, compatibility=None):
    """Energy of a labelling, equation 2 with 5, summed in double precision.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, D, H, W).
    labels : symbolic int32 tensor3
        (N, H, W), each from 0 to K - 1; the compiled function raises a ValueError otherwise.
    neighbours : sequence of pairs of int
        D offsets, as of :func:`contrast_weights`.
    compatibility : symbolic float32 matrix or tensor3, optional
        (K, K) or (D, K, K); see :func:`theano_crf.energy`.

    Returns
    -------
    symbolic float64 vector
        (N,).
    """
    return Energy(neighbours)(unary, weights, labels, _of_each_direction(compatibility, neighbours))


def _of_each_direction(compatibility, neighbours):
    """Return a compatibility as the Ops take it: (D, K, K), or POTTS for None."""
    if compatibility is None:
        return POTTS
    compatibility = T.as_tensor_variable(compatibility)
    if compatibility.ndim not in (2, 3):
        raise ValueError("compatibility has %d axes; it must be (K, K) or (D, K, K)" % compatibility.ndim)
    if compatibility.ndim == 2:
        return T.alloc(compatibility, len(neighbours), *compatibility.shape)
    return compatibility


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


def dual_mm(unary, weights, iterations=ITERATIONS, decode=DECODE, tolerance=float("-inf"), neighbours=NEIGHBOURS,
            compatibility=None):
    """MAP inference by DualMM (Shekhovtsov et al. 2016).

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, D, H, W).
    iterations : int or symbolic int64 scalar
        At least 1. An iteration is a step over the chains of each direction, for the paper's neighbourhood a half step
        over the rows and one over the columns.
    decode : {"argmin", "viterbi", "icm"}
        The way in which labels are read off the duals; see :func:`theano_crf.dual_mm`.
    tolerance : float or symbolic float64 scalar
        As of :func:`theano_crf.dual_mm`; by default no image ends early.
    neighbours, compatibility
        As of :func:`energy`.

    Returns
    -------
    Solution
        Symbolic variables: labels (N, H, W) int32, lower_bound (N,) and energy (N,) float64, proven (N,) bool.
    """
    matrices = _of_each_direction(compatibility, neighbours)
    solver = DualMM(decode, neighbours, compatibility is None)
    labels, lower_bound, _ = solver(unary, weights, iterations, tolerance, compatibility=matrices)
    energies = energy(unary, weights, labels, neighbours, compatibility)
    proven = Proof(neighbours)(unary, weights, labels, energies, lower_bound, matrices)
    return Solution(labels, lower_bound, energies, proven)


def ssvm(unary, weights, truth, gamma=GAMMA, void=VOID, iterations=ITERATIONS, neighbours=NEIGHBOURS,
         compatibility=None, decode=DECODE):
    """Structured SVM loss with margin rescaling, its gradients and its certificate, equations 7 to 10.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, D, H, W).
    truth : symbolic int32 tensor3
        (N, H, W), each from 0 to K - 1, or `void`.
    gamma : float or symbolic float32 scalar, matrix or tensor3
        The margin per wrong pixel, or the cost of label k where the truth is c as (K, K) or (N, K, K), c first.
    void : int or symbolic int32 scalar
        The value of pixels without a label; :func:`theano_crf.ssvm` says how they count.
    iterations : int or symbolic int64 scalar
        DualMM's iterations, for the loss-augmented inference and again for the labels of void pixels.
    neighbours, compatibility
        As of :func:`energy`.
    decode : {"argmin", "viterbi", "icm"}
        The way in which the loss-augmented labels are read off the duals; see :func:`theano_crf.dual_mm`.

    Returns
    -------
    Structured
        Symbolic variables; ``theano.grad(loss.sum(), [unary, weights])`` gives the same gradients, and likewise for
        the compatibility.
    """
    gamma = T.as_tensor_variable(gamma)
    if gamma.ndim == 2:
        gamma = gamma.dimshuffle("x", 0, 1)
    matrices = _of_each_direction(compatibility, neighbours)
    potts = compatibility is None
    labels, lower_bound, _ = DualMM(decode, neighbours, potts)(
        unary, weights, iterations, float("-inf"), truth, gamma, void, matrices)
    completed, _ = Completion(neighbours, potts)(unary, weights, truth, labels, iterations, void, matrices)
    loss, grad_unary, grad_weights = StructuredLoss(neighbours)(
        unary, weights, truth, completed, labels, gamma, void, matrices)
    certificate = energy(unary, weights, completed, neighbours, compatibility) - lower_bound
    grad_compatibility = None
    if compatibility is not None:
        of_images = CompatibilityGradient(neighbours)(weights, completed, labels, matrices)
        grad_compatibility = of_images.sum(axis=0 if T.as_tensor_variable(compatibility).ndim == 3 else (0, 1))
    return Structured(loss, grad_unary, grad_weights, labels, certificate, grad_compatibility)
