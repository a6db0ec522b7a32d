"""DualMM for Potts and any neighbourhood as the GPU's kernels do it, slow and plain, and Ops compiled for the CPU."""
import functools

import numpy as np
import theano

from . import twins
from .gpu_cases import ON_CPU

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))


def random_margins(seed, images, labels):
    margins = np.random.default_rng(seed).random((images, labels, labels)).astype(np.float32)
    return margins * (1 - np.eye(labels, dtype=np.float32))


def chains_of(height, width, offset):
    """The pixels (y, x) of each of an offset's chains; they go round the image's sides."""
    dy, dx = offset
    if dy == 0:
        return [[(y, x) for x, y in chain] for chain in chains_of(width, height, (dx, 0))]
    return [[(y, (column + y // dy * dx) % width) for y in range(start, height, dy)]
            for start in range(min(dy, height)) for column in range(width)]


def minorant(costs, weights, offset):
    """The hierarchical minorants F (K, H, W) of costs (K, H, W) in a direction with weights (H, W)."""
    result = np.empty(costs.shape)
    edges = {first: second for _, first, second in twins.edges([offset], *weights.shape)}
    for chain in chains_of(*weights.shape, offset):
        along = [weights[one] if edges.get(one) == other else 0.0 for one, other in zip(chain, chain[1:])]
        y, x = np.transpose(chain)
        result[:, y, x] = twins.chain_minorant(costs[:, y, x].T, np.array(along, np.float64)).T
    return result


def dual_mm(unary, weights, neighbours, iterations):
    """The costs R of one image after that many iterations; its labels and its bound follow from them."""
    rest, withheld = unary.astype(np.float64), np.zeros((len(neighbours), *unary.shape))
    for _ in range(iterations):
        for direction, offset in enumerate(neighbours):
            costs = rest + withheld[direction]
            rest = minorant(costs, weights[direction], offset)
            withheld[direction] = costs - rest
    return rest


def assert_labels(labels, rest):
    """Labels are the argmin of R (N, K, H, W) where rounding cannot change it."""
    ordered = np.sort(rest, axis=1)
    clear = ordered[:, 1] - ordered[:, 0] > 1e-3
    assert (labels == rest.argmin(axis=1))[clear].all() and clear.mean() > 0.9


@functools.lru_cache(maxsize=None)
def on_cpu(op, *types):
    """An Op as a function on the CPU; its inputs have the given types."""
    inputs = [type_() for type_ in types]
    outputs = op(*inputs)
    return theano.function(inputs, outputs, mode=ON_CPU, allow_input_downcast=True)
