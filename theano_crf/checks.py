"""Checks of the NumPy functions' arguments: converted to the Theano functions' types, or refused with a sentence."""
import numpy as np

from . import memory

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


def _single(array):
    """Return an array as float32, without a copy if it is float32 already, dense or not."""
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is refused later
        return np.require(array, np.float32, ["ALIGNED"])


def image(array):
    """Return an image (N, 3, H, W) with values in [0, 1] as float32."""
    array = _single(_volume("image", array, "(N, 3, H, W)"))
    if not (array.min() >= 0 and array.max() <= 1):
        raise ValueError("image holds values from %g to %g; they must be in [0, 1]: divide 8-bit ones by 255"
                         % (array.min(), array.max()))
    return array


def problem(function, unary, weights):
    """Return unary costs (N, K, H, W) and the pairwise weights (N, 2, H, W) that belong to them as float32.

    The memory for the whole call of ``function`` is checked before anything is converted.
    """
    unary = _volume("unary", unary, "(N, K, H, W)")
    weights = _volume("weights", weights, "(N, 2, H, W)")
    n, k, h, w = unary.shape
    if not 2 <= k <= MOST_LABELS:
        raise ValueError("unary has shape %s, so K = %d labels; K must be 2 to %d"
                         % (unary.shape, k, MOST_LABELS))
    if weights.shape != (n, 2, h, w):
        raise ValueError("weights has shape %s; with unary %s it must be %s"
                         % (weights.shape, unary.shape, (n, 2, h, w)))
    memory.check(function, unary.shape, sum(array.size for array in (unary, weights) if array.dtype != np.float32))
    return _single(unary), _single(weights)


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
                         % (name, _shown(value), least, most))
    return int(value)


def at_least_zero(name, value, most=LARGEST_SINGLE):
    """Return a number from 0 to `most` as a float."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = -1.0
    if not 0 <= number <= most:
        raise ValueError("%s is %s; it must be a finite number, at least 0" % (name, _shown(value)))
    return number


def _shown(value):
    """Return a value as an error shows it: short, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."
