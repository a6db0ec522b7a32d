"""The memory that a call needs, checked before any is taken, since the system kills a process that takes too much."""
import os
import resource

import psutil
import theano

from .constants import EARLY_ITERATIONS, MOST_LANES
from .defaults import DECODE, ITERATIONS

UNCHECKED = 1 << 28  # bytes; this much is taken for granted, as asking the system takes longer than a small problem
SINGLE = 4  # bytes of a float32 or an int32
# Of a container: the file with its limit, and the file with its use.
LIMIT_FILES = (("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
               ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"))
# Beside the use: how much of it are pages of files that the system gives back when memory is short.
STATISTICS, RECLAIMABLE = "memory.stat", ("total_inactive_file", "inactive_file")

# (function, decode, directions, variant) -> bytes that the compiled function keeps from its last call
_held = {}


def needed_bytes(function, shape, converted=0, with_void=False, directions=None, iterations=ITERATIONS, decode=DECODE):
    """Return the number of bytes that a call takes besides its arguments.

    Parameters
    ----------
    function : {"energy", "dual_mm", "ssvm"}
    shape : tuple of int
        (N, K, H, W) of the unary costs.
    converted : int
        Number of entries of arguments that must be converted to single precision.
    with_void : bool
        Whether the truth has void pixels. DualMM then solves a copy of one image at a time in addition.
    directions : int, optional
        The number of neighbours, unless they are the paper's with Potts.
    iterations : int
        Of DualMM; late ones take two more volumes of one image at a time.
    decode : str
        Of DualMM; "icm" takes more, which it gives back, for its expansion moves.

    Returns
    -------
    int
    """
    n, k, h, w = shape
    total = SINGLE * (converted + n * h * w)  # with the labels
    if function == "energy":
        return total
    channels = directions or 2
    total += kept_bytes(shape, with_void, directions, iterations)
    if decode == "icm":
        total += _expansion_bytes(n, k, h, w, channels)
    if function == "ssvm":
        total += SINGLE * n * h * w * (k + channels + 3)  # both gradients, the truth, its check and the completed truth
    if with_void:
        total += SINGLE * h * w  # labels
    return total


def kept_bytes(shape, with_void=False, directions=None, iterations=ITERATIONS):
    """Return those of the bytes of `needed_bytes` that a compiled function keeps until its next call: workspaces."""
    n, k, h, w = shape
    workspace = _general_workspace_bytes(k, h, w, directions) if directions else _workspace_bytes(k, h, w)
    late = 2 * _volume_bytes(k, h, w) if iterations > EARLY_ITERATIONS and not directions else 0
    of_void = workspace + late + SINGLE * h * w * (k + (directions or 2))  # with costs and edges
    return n * workspace + late + (of_void if with_void else 0)


def _workspace_bytes(k, h, w):
    """Return the bytes of DualMM's workspace for one image: two volumes and the edges of both directions."""
    return 2 * _volume_bytes(k, h, w) + SINGLE * (h * _padded(w) + _padded(h) * w)


def _volume_bytes(k, h, w):
    """Return the bytes of one volume, an odd number of tiles wide: see native/packed.hpp."""
    odd = MOST_LANES * (_padded(w) // MOST_LANES | 1)
    return SINGLE * k * _padded(h) * odd


def _general_workspace_bytes(k, h, w, directions):
    """Return the same for any neighbourhood: a volume more than there are directions, and the edges of each.

    The rest's height is an odd number of tiles: see native/volumes.hpp.
    """
    odd = MOST_LANES * (_padded(h) // MOST_LANES | 1)
    return SINGLE * _padded(w) * (odd * k + _padded(h) * directions * (k + 1))


def _expansion_bytes(n, k, h, w, directions):
    """Return the most bytes that expansion moves take: see native/open_labels.hpp and native/expansion.hpp.

    A byte per label says by how much its cost is above the least. One image at a time has 13 bytes per pixel for labels
    and places, 24 for lists of at most two open labels while these grow, and 36 for a node and its place, with 16 per
    direction for its arcs.
    """
    return n * k * h * _padded(w) + h * w * (13 + 24 + 36 + 16 * directions)


def _padded(length):
    return -(-length // MOST_LANES) * MOST_LANES


def check(function, shape, converted=0, with_void=False, directions=None, iterations=ITERATIONS, decode=DECODE,
          variant=None):
    """Raise a MemoryError of one sentence unless there is memory for a call.

    The arguments are those of `needed_bytes`, and `variant`, which tells functions apart that are compiled each.
    """
    needed = needed_bytes(function, shape, converted, with_void, directions, iterations, decode)
    if needed <= UNCHECKED or theano.config.device != "cpu":
        return
    free = available_bytes() + _held.get((function, decode, directions, variant), 0)
    if needed > free:
        raise MemoryError("unary %s needs %.1f GB of memory in %s, %.1f GB are free: take fewer images at once or a "
                          "smaller frame" % (shape, needed / 1e9, function, free / 1e9))


def hold(function, shape, with_void=False, directions=None, iterations=ITERATIONS, decode=DECODE, variant=None):
    """Take note of a call that follows: its function keeps its workspaces, in place of those of the call before."""
    _held[function, decode, directions, variant] = kept_bytes(shape, with_void, directions, iterations)


def available_bytes():
    """Return the bytes that this process can still get, by the machine, its container and its own limit."""
    return max(0, min([psutil.virtual_memory().available, *_container_bytes(), *_own_bytes()]))


def _container_bytes():
    for limit_file, used_file in LIMIT_FILES:
        try:
            with open(limit_file) as limit, open(used_file) as used:
                yield int(limit.read()) - int(used.read()) + _reclaimable_bytes(used_file)
        except (OSError, ValueError):  # there is no such file, or it says "max"
            continue


def _reclaimable_bytes(used_file):
    """Return the bytes of a container's use that are pages of files, not used of late; 0 where that is not known."""
    try:
        with open(os.path.join(os.path.dirname(used_file), STATISTICS)) as statistics:
            values = dict(line.split() for line in statistics)
        return next((int(values[key]) for key in RECLAIMABLE if key in values), 0)
    except (OSError, ValueError):
        return 0


def _own_bytes():
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield limit - psutil.Process().memory_info().vms
