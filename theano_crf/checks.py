"""Arguments of the NumPy functions: turned into what the Theano functions take, or one clear sentence."""
import numpy as np

MOST_LABELS = 255


def _real(name, array):
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise TypeError("%s has dtype %s; it must hold real numbers" % (name, array.dtype))
    return array


def volume(name, array, axes):
    """A float32 array with four non-empty axes; no copy if it is one already, dense or not."""
    array = _real(name, array)
    if array.ndim != 4 or 0 in array.shape:
        raise ValueError("%s has shape %s; it must be %s, each at least 1" % (name, array.shape, axes))
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, which is found later
        return array.astype(np.float32, copy=False)


def problem(unary, weights):
    """Unary costs (N, K, H, W) and the pairwise weights (N, 2, H, W) that belong to them."""
    unary = volume("unary", unary, "(N, K, H, W)")
    weights = volume("weights", weights, "(N, 2, H, W)")
    n, k, h, w = unary.shape
    if not 2 <= k <= MOST_LABELS:
        raise ValueError("unary has shape %s, so K = %d labels; K must be 2 to %d"
                         % (unary.shape, k, MOST_LABELS))
    if weights.shape != (n, 2, h, w):
        raise ValueError("weights has shape %s; with unary %s it must be %s"
                         % (weights.shape, unary.shape, (n, 2, h, w)))
    return unary, weights


def label_map(name, labels, unary, void=None):
    """Integer labels (N, H, W) of the K classes of `unary`, or void where that is allowed; int32."""
    labels = np.asarray(labels)
    if labels.dtype.kind == "f" and np.array_equal(labels, np.rint(labels)):
        labels = labels.astype(np.int64)  # Caffe's blobs hold labels as float32
    if labels.dtype.kind not in "iu":
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
    return labels.astype(np.int32, copy=False)


def whole(name, value, least):
    """A whole number, at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError("%s is %r; it must be a whole number, at least %d" % (name, value, least))
    return int(value)


def at_least_zero(name, value):
    """A finite number, at least zero."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number < float("inf"):
        raise ValueError("%s is %r; it must be a finite number, at least 0" % (name, value))
    return number
