"""Checks of the NumPy functions' arguments: converted to the Theano functions' types, or refused with a sentence."""
import numpy as np

from . import memory
from .constants import LARGEST_COST
from .defaults import DECODE, ITERATIONS, NEIGHBOURS
from .neighbourhood import shown

MOST_LABELS = 255
LARGEST_SINGLE = float(np.finfo(np.float32).max)


def _volume(name, array, axes):
    """Return an array of real numbers with four non-empty axes."""
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError("%s has dtype %s; it must hold real numbers" % (name, array.dtype))
    if array.ndim != 4 or 0 in array.shape:
        raise ValueError("%s has shape %s; it must be %s, each at least 1" % (name, array.shape, axes))
    return array


def _is_read_in_place(array):
    """Return whether the solver reads an array without a copy: aligned float32 whose last axis is dense."""
    return (array.dtype == np.float32 and array.flags.aligned
            and (array.shape[-1] == 1 or array.strides[-1] == array.itemsize)
            and all(stride % array.itemsize == 0 for stride in array.strides))


def _single(array):
    """Return an array as float32 that the solver reads in place: itself where it is, else a dense copy."""
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is refused later
        return array if _is_read_in_place(array) else np.require(array, np.float32, ["C", "ALIGNED"])


def image(array):
    """Return an image (N, 3, H, W) with values in [0, 1] as float32."""
    array = _single(_volume("image", array, "(N, 3, H, W)"))
    if array.shape[1] != 3:
        raise ValueError("image has shape %s; it must be (N, 3, H, W), the channels before height and width"
                         % (array.shape,))
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError("image holds values from %g to %g; they must be in [0, 1]: divide 8-bit ones by 255"
                         % (array.min(), array.max()))
    return array


def problem(function, unary, weights, neighbours=NEIGHBOURS, compatibility=None, iterations=ITERATIONS, decode=DECODE):
    """Return unary costs (N, K, H, W) and the pairwise weights (N, D, H, W) that belong to them as float32.

    The memory for the whole call of ``function`` is checked before anything is converted. `neighbours` are D pairs, as
    :func:`theano_crf.neighbourhood.checked_neighbours` returns them.
    """
    unary = _volume("unary", unary, "(N, K, H, W)")
    weights = _volume("weights", weights, "(N, %d, H, W)" % len(neighbours))
    n, k, h, w = unary.shape
    if not 2 <= k <= MOST_LABELS:
        raise ValueError("unary has shape %s, so K = %d labels; K must be 2 to %d"
                         % (unary.shape, k, MOST_LABELS))
    expected = n, len(neighbours), h, w
    if weights.shape != expected:
        raise ValueError("weights has shape %s; with unary %s%s it must be %s"
                         % (weights.shape, unary.shape,
                            "" if neighbours == NEIGHBOURS else " and %d neighbours" % len(neighbours), expected))
    converted = sum(array.size for array in (unary, weights) if not _is_read_in_place(array))
    memory.check(function, unary.shape, converted, iterations=iterations, decode=decode,
                 **solver(neighbours, compatibility))
    return _single(unary), _single(weights)


def directions(neighbours, compatibility):
    """Return the number of directions of the solver for general neighbourhoods, None for the paper's."""
    return None if neighbours == NEIGHBOURS and compatibility is None else len(neighbours)


def solver(neighbours, compatibility):
    """Return what :func:`theano_crf.memory.check` asks about the solver of a neighbourhood, as keyword arguments."""
    return {"directions": directions(neighbours, compatibility), "variant": (neighbours, compatibility is None)}


def compatibility(matrices, neighbours, labels):
    """Return label compatibilities (K, K) or (D, K, K) as float32 (D, K, K)."""
    matrices = np.asarray(matrices)
    if matrices.dtype.kind not in "fiub":
        raise TypeError("compatibility has dtype %s; it must hold real numbers" % matrices.dtype)
    one, each = (labels, labels), (len(neighbours), labels, labels)
    if matrices.shape not in (one, each):
        raise ValueError("compatibility has shape %s; with K = %d labels and %d neighbours it must be %s or %s"
                         % (matrices.shape, labels, len(neighbours), one, each))
    _check_costs("compatibility", matrices)
    return np.ascontiguousarray(np.broadcast_to(matrices.astype(np.float32), each))


def margin(gamma, unary):
    """Return the margin as a float, or its matrices (K, K) or (N, K, K) as float32 (1 or N, K, K)."""
    if np.ndim(gamma) == 0:
        return at_least_zero("gamma", gamma)
    matrices, (n, k) = np.asarray(gamma), unary.shape[:2]
    if matrices.dtype.kind not in "fiub":
        raise TypeError("gamma has dtype %s; it must hold real numbers" % matrices.dtype)
    if matrices.shape not in ((k, k), (n, k, k)):
        raise ValueError("gamma has shape %s; it must be a number, or with unary %s have shape %s or %s"
                         % (matrices.shape, unary.shape, (k, k), (n, k, k)))
    _check_costs("gamma", matrices)
    return np.ascontiguousarray(matrices.astype(np.float32).reshape(-1, k, k))


def _check_costs(name, matrices):
    """Raise a ValueError unless all entries are from 0 to the largest cost."""
    wrong = ~((matrices >= 0) & (matrices <= float(LARGEST_COST)))
    if wrong.any():
        raise ValueError("%s holds the value %s; its entries must be from 0 to %s"
                         % (name, matrices[wrong][0], LARGEST_COST))


def label_map(name, labels, unary, void=None):
    """Return labels (N, H, W) as int32; each is one of the K classes of `unary` or, where that is allowed, void."""
    labels = np.asarray(labels)
    # Caffe's blobs hold labels as float32.
    whole_numbers = labels.dtype.kind == "f" and np.isfinite(labels).all() and (labels == np.rint(labels)).all()
    if labels.dtype.kind not in "iu" and not whole_numbers:
        raise TypeError("%s has dtype %s; it must hold whole numbers" % (name, labels.dtype))
    n, k, h, w = unary.shape
    if labels.shape != (n, h, w):
        raise ValueError("%s has shape %s; with unary %s it must be %s"
                         % (name, labels.shape, unary.shape, (n, h, w)))
    outside = (labels < 0) | (labels >= k)
    if void is not None:
        outside &= labels != void
    if outside.any():
        allowed = "0 to %d" % (k - 1) + ("" if void is None else " or %d (void)" % void)
        raise ValueError("%s holds the value %d; allowed are %s" % (name, labels[outside][0], allowed))
    return np.require(labels, np.int32, ["ALIGNED"])


def whole(name, value, least, most=2 ** 63 - 1):
    """Return a whole number of at least `least` and at most `most` as an int."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
        raise ValueError("%s is %s; it must be a whole number, at least %d and at most %d"
                         % (name, shown(value), least, most))
    return int(value)


def at_least_zero(name, value, most=LARGEST_SINGLE):
    """Return a number from 0 to `most` as a float."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= most:
        raise ValueError("%s is %s; it must be a finite number, at least 0" % (name, shown(value)))
    return number
