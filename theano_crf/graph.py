"""The CRF as Theano graphs: the public symbolic builders, Theano variables in and out.

They have the names of the NumPy functions of :mod:`theano_crf`, which are these graphs compiled. Axes as in
Caffe: unary costs (N, K, H, W), pairwise weights (N, 2, H, W), labels (N, H, W).
"""
import sys

import theano.tensor as T

from .checks import LARGEST_SINGLE
from .constants import COLUMNS, ROWS
from .defaults import ALPHA, BETA, DECODE, GAMMA, ITERATIONS, LAM, VOID
from .ops import Completion, DualMM, Energy, HalfStep, StructuredLoss
from .results import Solution, Structured

if getattr(sys.modules.get("theano.gpuarray"), "pygpu_activated", False):  # by Theano's flags: device=cuda0
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
        (N, 2, H, W): channel 0 the edges from (y, x) to (y, x + 1), its last column 0; channel 1 the edges
        from (y, x) to (y + 1, x), its last row 0. Where neighbours are equal, its gradient with respect to the
        image is defined as 0 (for beta up to 1 there is none).
    """
    alpha, beta, lam = (T.cast(value, "float32") for value in (alpha, beta, lam))

    def weights(difference):
        squares = T.sqr(difference).sum(axis=1)
        equal = T.eq(squares, 0)
        # The power of another number where neighbours are equal: its derivative there would be infinite, times 0.
        power = T.switch(equal, T.eq(beta, 0), T.switch(equal, 1, squares) ** (beta / 2))
        # Not infinite: that times an alpha of 0 is NaN. T.minimum would be code that OpenCL's compiler crashes on.
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
        (N, H, W), each 0 to K - 1; the compiled function raises ValueError otherwise.

    Returns
    -------
    symbolic float64 vector
        (N,).
    """
    return Energy()(unary, weights, labels)


def half_step(unary, weights, withheld, direction):
    """One half step of DualMM: maximal modular minorants of all rows or all columns.

    With costs C = unary - withheld and F the hierarchical minorant of every chain of the direction, the
    direction withholds C - F from now on, up to a constant at each pixel that cancels over a chain. As many
    as are wanted can be chained: they are one piece of C++ code, compiled once.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W), finite; weights at least 0. ValueError otherwise.
    withheld : symbolic float32 tensor4
        (N, K, H, W), what the other direction withholds; zeros at first.
    direction : int
        0 for the rows, 1 for the columns.

    Returns
    -------
    withheld : symbolic float32 tensor4
        (N, K, H, W), what this direction withholds.
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
        At least 1; each a half step over the rows and one over the columns.
    decode : {"argmin", "viterbi", "icm"}
        How the labels are read off the duals; see :func:`theano_crf.dual_mm`.
    tolerance : float or symbolic float64 scalar
        An image is finished early once an iteration has raised its bound by no more than this a pixel.

    Returns
    -------
    Solution
        Of symbolic variables: labels (N, H, W) int32, lower_bound (N,) and energy (N,) float64.
    """
    labels, lower_bound, _ = DualMM(decode=decode)(unary, weights, iterations, tolerance)
    return Solution(labels, lower_bound, energy(unary, weights, labels))


def ssvm(unary, weights, truth, gamma=GAMMA, void=VOID, iterations=ITERATIONS):
    """Structured SVM loss with margin rescaling, its gradients and its certificate, equations 7 to 10.

    Parameters
    ----------
    unary, weights : symbolic float32 tensor4
        (N, K, H, W) and (N, 2, H, W).
    truth : symbolic int32 tensor3
        (N, H, W), each 0 to K - 1 or `void`.
    gamma : float or symbolic float32 scalar
        The margin, a wrong pixel.
    void : int or symbolic int32 scalar
        The value of pixels without a label; :func:`theano_crf.ssvm` says how they count.
    iterations : int or symbolic int64 scalar
        Of DualMM, for the loss-augmented inference and for the labels of void pixels.

    Returns
    -------
    Structured
        Of symbolic variables; ``theano.grad(loss.sum(), [unary, weights])`` gives the same gradients.
    """
    labels, lower_bound, _ = DualMM()(unary, weights, iterations, float("-inf"), truth, gamma, void)
    completed, _ = Completion()(unary, weights, truth, labels, iterations, void)
    loss, grad_unary, grad_weights = StructuredLoss()(unary, weights, truth, completed, labels, gamma, void)
    return Structured(loss, grad_unary, grad_weights, labels, energy(unary, weights, completed) - lower_bound)
