"""The CRF on NumPy arrays: each function is a graph of :mod:`theano_crf.graph`, compiled once per process."""
import functools

import numpy as np
import theano
import theano.tensor as T

from . import checks, compilation, graph, instruction_sets, memory
from .defaults import ALPHA, BETA, DECODE, GAMMA, ITERATIONS, LAM, VOID
from .results import Solution, Structured


def _compiled(name, decode=None):
    """Return the Theano function behind a NumPy function; it takes any shape."""
    return _compiled_for(instruction_sets.chosen(), name, decode)


@functools.lru_cache(maxsize=None)
def _compiled_for(instructions, name, decode=None):
    """Return the same, cached by the instruction set, which must be the one chosen now."""
    unary, weights = T.ftensor4("unary"), T.ftensor4("weights")
    labels, iterations = T.itensor3("labels"), T.lscalar("iterations")
    if name == "contrast_weights":
        image, settings = T.ftensor4("image"), [T.fscalar(s) for s in ("alpha", "beta", "lam")]
        inputs, outputs = [image] + settings, graph.contrast_weights(image, *settings)
    elif name == "energy":
        inputs, outputs = [unary, weights, labels], graph.energy(unary, weights, labels)
    elif name == "dual_mm":
        tolerance = T.dscalar("tolerance")
        inputs = [unary, weights, iterations, tolerance]
        outputs = list(graph.dual_mm(unary, weights, iterations, decode, tolerance))
    else:
        gamma, void = T.fscalar("gamma"), T.iscalar("void")
        inputs = [unary, weights, labels, gamma, void, iterations]
        outputs = list(graph.ssvm(*inputs, decode=decode))
    with compilation.announced(name, instructions):
        # Only scalars are downcast, as the arrays have the right types already.
        return theano.function(inputs, outputs, mode=keeping_memory(), allow_input_downcast=True)


def keeping_memory():
    """Return the Theano mode of functions that keep their intermediate storage from call to call.

    Fresh memory costs DualMM a few percent of its time, since the system clears its pages. Setting the flag allow_gc
    has no effect here: the default mode read it when Theano was imported.
    """
    return theano.compile.mode.get_default_mode().clone(link_kwargs={"allow_gc": False})


def _call(function, *arguments):
    """Call a compiled function; an error of the C++ code keeps its sentence and loses Theano's notes on the graph."""
    try:
        return function(*arguments)
    except (ValueError, MemoryError) as error:
        raise type(error)(str(error).split("\n")[0]) from None


def contrast_weights(image, alpha=ALPHA, beta=BETA, lam=LAM):
    """Contrast-sensitive pairwise weights, equation 6: w_ij = lam * exp(-alpha * ||I_i - I_j||_2 ** beta).

    Parameters
    ----------
    image : (N, 3, H, W) array
        RGB in [0, 1].
    alpha, beta, lam : float
        At least 0; lam is in the unit of the unary costs.

    Returns
    -------
    (N, 2, H, W) float32 array
        Channel 0 holds the edges from (y, x) to (y, x + 1); its last column is 0. Channel 1 holds the edges from
        (y, x) to (y + 1, x); its last row is 0.

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
    """
    image = checks.image(image)
    alpha, beta = checks.at_least_zero("alpha", alpha), checks.at_least_zero("beta", beta)
    return _call(_compiled("contrast_weights"), image, alpha, beta, checks.at_least_zero("lam", lam))


def energy(unary, weights, labels):
    """Energy of a labelling, equation 2 with 5: the labels' unary costs plus the weights of cut edges.

    Parameters
    ----------
    unary : (N, K, H, W) array
        Costs, K from 2 to 255.
    weights : (N, 2, H, W) array
        As :func:`contrast_weights` returns them.
    labels : (N, H, W) array
        Whole numbers from 0 to K - 1.

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
    """
    unary, weights = checks.problem("energy", unary, weights)
    labels = checks.label_map("labels", labels, unary)
    return _call(_compiled("energy"), unary, weights, labels)


def dual_mm(unary, weights, iterations=ITERATIONS, decode=DECODE, tolerance=None):
    """MAP inference by DualMM (Shekhovtsov, Reinbacher, Graber, Pock 2016; arXiv 1601.06274).

    Parameters
    ----------
    unary : (N, K, H, W) array
        Finite costs, K from 2 to 255. A view whose last axis is dense is not copied.
    weights : (N, 2, H, W) array
        Finite, at least 0, as :func:`contrast_weights` returns them.
    iterations : int
        At least 1. An iteration is a half step over the rows and one over the columns.
    decode : {"argmin", "viterbi", "icm"}
        The way in which labels are read off the duals. "argmin" takes the least entry of the minorant at each pixel;
        it is the default, and the paper names no way. "viterbi" solves each row exactly, given the row above and the
        messages that the columns send from below. "icm" goes on from there: it solves rows and columns exactly in
        turns, given their neighbours, until nothing changes. "viterbi" and "icm" run on the CPU even where Theano's
        device is a GPU.
    tolerance : float, optional
        An image ends early once an iteration has raised its lower bound by no more than this per pixel.

    Returns
    -------
    Solution
        labels (N, H, W) int32, lower_bound (N,) and energy (N,) float64.

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
    >>> solution.lower_bound, solution.energy
    (array([1.]), array([1.]))
    """
    unary, weights = checks.problem("dual_mm", unary, weights)
    iterations = checks.whole("iterations", iterations, 1)
    tolerance = -np.inf if tolerance is None else checks.at_least_zero("tolerance", tolerance)
    return Solution(*_call(_compiled("dual_mm", decode), unary, weights, iterations, tolerance))


def ssvm(unary, weights, truth, gamma=GAMMA, void=VOID, iterations=ITERATIONS, decode=DECODE):
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

    Parameters
    ----------
    unary : (N, K, H, W) array
        Finite costs, K from 2 to 255.
    weights : (N, 2, H, W) array
        Finite, at least 0.
    truth : (N, H, W) array
        Whole numbers from 0 to K - 1, or `void`.
    gamma : float
        The margin per wrong pixel; at least 0.
    void : int
        The value of pixels without a label.
    iterations : int
        DualMM's iterations, for x^ and again for z; at least 1.
    decode : {"argmin", "viterbi", "icm"}
        The way in which x^ is read off the duals; see :func:`dual_mm`.

    Returns
    -------
    Structured
        loss (N,) float64, a sum over pixels; grad_unary (N, K, H, W) float32, which is [z_i = k] - [x^_i = k];
        grad_weights (N, 2, H, W) float32, which is [z_i != z_j] - [x^_i != x^_j]; labels (N, H, W) int32, which are
        x^; certificate (N,) float64, a sum over pixels.

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
    unary, weights = checks.problem("ssvm", unary, weights)
    iterations = checks.whole("iterations", iterations, 1)
    void = checks.whole("void", void, 0, 2 ** 31 - 1)
    truth = checks.label_map("truth", truth, unary, void)
    if (truth == void).any():
        memory.check("ssvm", unary.shape, with_void=True)
    gamma = checks.at_least_zero("gamma", gamma)
    return Structured(*_call(_compiled("ssvm", decode), unary, weights, truth, gamma, void, iterations))
