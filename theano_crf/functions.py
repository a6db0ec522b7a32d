"""The CRF on NumPy arrays: each function is a graph of :mod:`theano_crf.graph`, compiled once per process."""
import numpy as np

from . import checks, memory
from .defaults import ALPHA, BETA, DECODE, GAMMA, ITERATIONS, LAM, NEIGHBOURS, VOID
from .neighbourhood import checked_neighbours
from .results import Solution, Structured
from .theano_functions import call, theano_function


def _problem(function, unary, weights, neighbours, compatibility, iterations=ITERATIONS, decode=DECODE):
    """Return checked unary costs, weights and neighbours, and a list of the compatibility, empty for None."""
    neighbours = checked_neighbours(neighbours)
    unary, weights = checks.problem(function, unary, weights, neighbours, compatibility, iterations, decode)
    if compatibility is None:
        return unary, weights, neighbours, []
    return unary, weights, neighbours, [checks.compatibility(compatibility, neighbours, unary.shape[1])]


def contrast_weights(image, alpha=ALPHA, beta=BETA, lam=LAM, neighbours=NEIGHBOURS, relative=False):
    """Contrast-sensitive pairwise weights, equation 6: w_ij = lam * exp(-alpha * ||I_i - I_j||_2 ** beta).

    lam is divided by the offset's length, so that the length of a boundary counts, not its direction.

    Parameters
    ----------
    image : (N, 3, H, W) array
        RGB in [0, 1].
    alpha, beta, lam : float
        At least 0; lam is in the unit of the unary costs.
    neighbours : sequence of pairs of int
        D offsets (dy, dx) from an edge's first pixel to its second; dy is above 0, or 0 with dx above 0. An offset may
        occur more than once.
    relative : bool
        Take log(1 + I / 0.03) / log(1 + 1 / 0.03) in place of the colours I, so that dark images have edges as strong
        as bright ones.

    Returns
    -------
    (N, D, H, W) float32 array
        Channel d holds the edges from (y, x) to (y + dy, x + dx); it is 0 where that is outside. By default channel 0
        holds the edges to the right, whose last column is 0, and channel 1 those downwards, whose last row is 0.

    Raises
    ------
    TypeError, ValueError
        If the image does not have four axes, holds NaN or values outside [0, 1], or a setting is negative.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.zeros((1, 3, 1, 3))
    >>> image[..., 2] = 0.01
    >>> contrast_weights(image)[0, 0].round(2)
    array([[2.5 , 1.01, 0.  ]], dtype=float32)
    >>> contrast_weights(image, neighbours=[(0, 1), (0, 2)])[0, 1].round(2)
    array([[0.5, 0. , 0. ]], dtype=float32)
    """
    neighbours = checked_neighbours(neighbours)
    image = checks.image(image)
    alpha, beta = checks.at_least_zero("alpha", alpha), checks.at_least_zero("beta", beta)
    lam = checks.at_least_zero("lam", lam)
    function = theano_function("contrast_weights", neighbours=neighbours, relative=bool(relative))
    return call(function, image, alpha, beta, lam)


def energy(unary, weights, labels, neighbours=NEIGHBOURS, compatibility=None):
    """Energy of a labelling, equation 2 with 5: the labels' unary costs plus the weights of cut edges.

    In general f(x) = sum_i psi_i(x_i) + sum_d sum_i w_{d,i} mu_d(x_i, x_{i + o_d}) with offsets o_d and compatibilities
    mu_d. Potts, which is the default, has mu(k, l) = [k != l].

    Parameters
    ----------
    unary : (N, K, H, W) array
        Costs, K from 2 to 255.
    weights : (N, D, H, W) array
        As :func:`contrast_weights` returns them. Entries whose edge leaves the image do not count.
    labels : (N, H, W) array
        Whole numbers from 0 to K - 1.
    neighbours : sequence of pairs of int
        The D offsets, as of :func:`contrast_weights`.
    compatibility : (K, K) or (D, K, K) array, optional
        mu, for all directions or for each; finite, at least 0. Its first axis is the label of the edge's first pixel,
        so it may be directed. None stands for Potts.

    Returns
    -------
    (N,) float64 array
        Summed in double precision.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or a label is not one of the K.
    MemoryError
        If there is not enough memory; raised before any is taken.

    Examples
    --------
    >>> import numpy as np
    >>> unary = np.array([[0., 1.], [1., 0.]]).reshape(1, 2, 1, 2)
    >>> weights = np.array([[0.5, 0.], [0., 0.]]).reshape(1, 2, 1, 2)
    >>> energy(unary, weights, [[[0, 1]]])
    array([0.5])
    >>> energy(unary, weights, [[[0, 0]]])
    array([1.])
    >>> energy(unary, weights, [[[0, 1]]], compatibility=[[0, 3], [1, 0]])
    array([1.5])
    """
    unary, weights, neighbours, compatibility = _problem("energy", unary, weights, neighbours, compatibility)
    labels = checks.label_map("labels", labels, unary)
    function = theano_function("energy", neighbours=neighbours, general=bool(compatibility))
    return call(function, unary, weights, labels, *compatibility)


def dual_mm(unary, weights, iterations=ITERATIONS, decode=DECODE, tolerance=None, neighbours=NEIGHBOURS,
            compatibility=None):
    """MAP inference by DualMM (Shekhovtsov, Reinbacher, Graber, Pock 2016; arXiv 1601.06274).

    Parameters
    ----------
    unary : (N, K, H, W) array
        Finite costs, K from 2 to 255. A view whose last axis is dense is not copied.
    weights : (N, D, H, W) array
        Finite, at least 0, as :func:`contrast_weights` returns them.
    iterations : int
        At least 1. An iteration is a step over the chains of each direction: in the paper's neighbourhood a half step
        over the rows and one over the columns. There, with Potts and on the CPU, iterations after the fifteenth have
        momentum: each begins ahead of where the last one ended, until the bound no longer rises. An optimum then
        takes a fifth of the iterations, and they take memory for two more volumes of one image.
    decode : {"argmin", "viterbi", "icm"}
        The way in which labels are read off the duals. "argmin" takes the least entry of the minorant at each pixel;
        it is the default, and the paper names no way. "viterbi" solves each row exactly, given the row above and the
        messages that the columns send from below. "icm" goes on from there: it solves rows and columns exactly in
        turns, given their neighbours, until nothing changes. Then it makes expansion moves: for each label in turn it
        finds, by a minimum cut, the pixels that best take that label, among those where the duals leave it open. It
        opens more labels as long as that gains much. "viterbi" and "icm" run on the CPU even where Theano's device is
        a GPU. In another than the paper's neighbourhood, or with a compatibility, "viterbi" labels pixel after pixel,
        given those before it and the messages that all directions send from behind it, and "icm" solves the chains of
        all directions in turns; expansion moves are left out where the compatibility has mu(k, l) + mu(m, m) above
        mu(k, m) + mu(m, l) for any labels, which no metric has.
    tolerance : float, optional
        An image ends early once an iteration has raised its lower bound by no more than this per pixel. Where
        iterations after the fifteenth have momentum, it also ends after the fifteenth when the bound has reached the
        energy of the best labels so far, which it keeps; so 0 goes on until the labels are proven optimal or nothing
        moves. To that end labels are read off now and then, and each of their regions that has less energy replaces
        that of the best labels so far. In other neighbourhoods, with a compatibility and on a GPU, 0 goes on until
        the bound no longer rises, and the labels are those of the last iteration.
    neighbours, compatibility
        As of :func:`energy`. A weight times a compatibility may be at most 1e30.

    Returns
    -------
    Solution
        labels (N, H, W) int32, lower_bound (N,) and energy (N,) float64, proven (N,) bool.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, costs are not finite, or weights are negative or not finite.
    MemoryError
        If there is not enough memory; raised before any is taken.

    Examples
    --------
    >>> import numpy as np
    >>> unary = np.array([[0., 1., 0.], [2., 0., 2.]]).reshape(1, 2, 1, 3)
    >>> weights = np.full((1, 2, 1, 3), 0.75)
    >>> solution = dual_mm(unary, weights)
    >>> solution.labels
    array([[[0, 0, 0]]], dtype=int32)
    >>> solution.lower_bound, solution.energy, solution.proven
    (array([1.]), array([1.]), array([ True]))
    """
    iterations = checks.whole("iterations", iterations, 1)
    unary, weights, neighbours, compatibility = _problem("dual_mm", unary, weights, neighbours, compatibility,
                                                         iterations, decode)
    tolerance = -np.inf if tolerance is None else checks.at_least_zero("tolerance", tolerance)
    function = theano_function("dual_mm", decode, neighbours, bool(compatibility))
    memory.hold("dual_mm", unary.shape, iterations=iterations, decode=decode,
                **checks.solver(neighbours, compatibility or None))
    return Solution(*call(function, unary, weights, iterations, tolerance, *compatibility))


def ssvm(unary, weights, truth, gamma=GAMMA, void=VOID, iterations=ITERATIONS, neighbours=NEIGHBOURS,
         compatibility=None, decode=DECODE):
    """Structured SVM loss with margin rescaling, its gradients and its certificate, equations 7 to 10.

    f is the energy and x* the truth. The loss-augmented labels x^ minimise
    f(x) - gamma * (number of labelled pixels where x differs from x*). The completed truth z is x* at labelled pixels
    and, at void pixels, the labels of least energy given x* (a latent structured SVM: Yu and Joachims 2009). The loss
    is gamma * (number of labelled pixels where x^ differs from x*) + f(z) - f(x^).

    DualMM computes x^, and then labels for the void pixels in a problem of these pixels alone. z takes DualMM's void
    labels if they have less energy than those of x^, otherwise those of x^. The gradients are exact for the computed
    x^ and z. Inference stops after its iterations, not always at the optimum, so the loss is approximate and can be
    slightly negative. The certificate is f(z) less DualMM's lower bound of the loss-augmented problem. It is never
    below the exact loss, whatever inference reached.

    With a matrix for gamma, gamma[c, k] is the margin of a pixel with label k whose truth is c, and takes the place of
    gamma * [k != c].

    Parameters
    ----------
    unary : (N, K, H, W) array
        Finite costs, K from 2 to 255.
    weights : (N, D, H, W) array
        Finite, at least 0.
    truth : (N, H, W) array
        Whole numbers from 0 to K - 1, or `void`.
    gamma : float, or (K, K) or (N, K, K) array
        The margin per wrong pixel, or for all images or each the margin by truth (first) and label; at least 0.
    void : int
        The value of pixels without a label.
    iterations : int
        DualMM's iterations, for x^ and again for z; at least 1.
    neighbours, compatibility
        As of :func:`energy`. A weight times a compatibility may be at most 1e30.
    decode : {"argmin", "viterbi", "icm"}
        The way in which x^ is read off the duals; see :func:`dual_mm`.

    Returns
    -------
    Structured
        loss (N,) float64, a sum over pixels; grad_unary (N, K, H, W) float32, which is [z_i = k] - [x^_i = k];
        grad_weights (N, D, H, W) float32, which is mu(z_i, z_j) - mu(x^_i, x^_j), and 0 where there is no edge; labels
        (N, H, W) int32, which are x^; certificate (N,) float64, a sum over pixels; grad_compatibility float32, of the
        compatibility's shape and summed over the images,
        sum_ij w_ij ([z_i = k, z_j = l] - [x^_i = k, x^_j = l]), None without a compatibility.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, costs or weights are not allowed, or a label is neither one of the K nor void.
    MemoryError
        If there is not enough memory; raised before any is taken.

    Examples
    --------
    >>> import numpy as np
    >>> unary = np.array([[0., 0.], [-1., 1.]]).reshape(1, 2, 1, 2)
    >>> result = ssvm(unary, np.zeros((1, 2, 1, 2)), [[[0, 255]]], gamma=0.5)
    >>> result.loss
    array([1.5])
    >>> result.grad_unary[0, :, 0]
    array([[ 1.,  0.],
           [-1.,  0.]], dtype=float32)
    >>> result.certificate
    array([1.5])
    """
    per_direction = compatibility is not None and np.ndim(compatibility) == 3
    iterations = checks.whole("iterations", iterations, 1)
    unary, weights, neighbours, compatibility = _problem("ssvm", unary, weights, neighbours, compatibility, iterations,
                                                         decode)
    void = checks.whole("void", void, 0, 2 ** 31 - 1)
    truth = checks.label_map("truth", truth, unary, void)
    memory_of_call = dict(with_void=bool((truth == void).any()), iterations=iterations, decode=decode,
                          **checks.solver(neighbours, compatibility or None))
    if memory_of_call["with_void"]:
        memory.check("ssvm", unary.shape, **memory_of_call)
    gamma = checks.margin(gamma, unary)
    function = theano_function("ssvm", decode, neighbours, bool(compatibility), np.ndim(gamma))
    memory.hold("ssvm", unary.shape, **memory_of_call)
    structured = Structured(*call(function, unary, weights, truth, gamma, void, iterations, *compatibility))
    if compatibility and not per_direction:
        structured.grad_compatibility = structured.grad_compatibility.sum(axis=0)
    return structured
