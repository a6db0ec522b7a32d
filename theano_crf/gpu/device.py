"""Memory on the device, the kernels' reports of bad input, and sums over blocks."""
import numpy as np
import pygpu
from pygpu.gpuarray import GpuArrayException

from .. import constants
from ..constants import LABEL_OUTSIDE, UNARY_INVALID, WEIGHTS_INVALID, WITHHELD_INVALID
from .kernels import pixel_kernel

# The sentences are those of native/grid.hpp.
SENTENCES = {  # in the order of `Findings.check`
    LABEL_OUTSIDE: "a label is neither one of the K classes of unary, 0 to K - 1, nor void",
    UNARY_INVALID: "unary holds NaN or infinite costs, or some beyond 1e30; they must be finite: "
                   "-log(max(p, 1e-6)), not -log(p)",
    WITHHELD_INVALID: "withheld holds NaN or infinite values, or some beyond 1e30; start from zeros and pass on what "
                      "half_step returns",
    WEIGHTS_INVALID: "weights holds NaN, infinite or negative values, or some beyond 1e30; they must be finite and at "
                     "least 0"}

LARGEST_COST = np.float32(constants.LARGEST_COST)
LINE = 32  # floats per cache line


def allocate(context, dtype, *shape):
    """Return a new array on the device, not initialised; raise a MemoryError if there is no room for it."""
    try:
        return pygpu.empty(shape, dtype, context=context)
    except GpuArrayException as error:
        size = np.prod(shape, dtype=float) * np.dtype(dtype).itemsize
        raise MemoryError("the GPU has no room for %.0f MB more (%s); take fewer or smaller images at a time"
                          % (size / 1e6, error)) from None


class Findings:
    """Kernels' reports of invalid entries in the arrays that they read."""

    def __init__(self, context):
        self.array = pygpu.zeros((len(SENTENCES),), "int32", context=context)

    def check(self):
        """Wait for the kernels; raise a ValueError if one reported an invalid entry."""
        reported = np.asarray(self.array)
        for finding, sentence in SENTENCES.items():
            if reported[finding]:
                raise ValueError(sentence)


def split(array, sizes):
    """Return parts of a float32 vector on the device, of the given sizes, each of which begins at a cache line."""
    parts, start = [], 0
    for size in sizes:
        parts.append(array[start:start + size])
        start += _whole_lines(size)
    return parts


def size_of_parts(sizes):
    """Return the number of floats that :func:`split` needs for parts of the given sizes."""
    return sum(_whole_lines(size) for size in sizes)


def _whole_lines(size):
    return -(-size // LINE) * LINE


def add_up(parts, out, tasks=None, task=0, factor=None):
    """Write the sum of each image's part of `parts` to out (N,); with a factor, add factor * sum to it.

    With `tasks` only images that have `task` among theirs are written.
    """
    images = out.shape[0]
    pixel_kernel(out.context, "sums", "add_up")(
        images, parts, out if tasks is None else tasks, out, parts.size // images, task, factor is not None,
        1.0 if factor is None else factor)
