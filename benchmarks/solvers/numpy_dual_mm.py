"""DualMM in plain NumPy, all chains of a direction at once, as one would write it without C++."""

import numpy as np


def dual_mm(unary, weights, iterations):
    """Return the labels of least cost and the lower bound after some iterations.

    Parameters
    ----------
    unary : (K, H, W) float32
    weights : (2, H, W) float32
    iterations : int

    Returns
    -------
    labels : (H, W) integer
    lower_bound : float
    """
    withheld = np.zeros_like(unary)
    for _ in range(iterations):
        withheld -= unary
        np.negative(withheld, out=withheld)         # costs of the rows
        costs = withheld.transpose(2, 0, 1).copy()  # (W, K, H)
        _split(costs, weights[0].T)
        withheld -= costs.transpose(1, 2, 0)
        withheld -= unary
        np.negative(withheld, out=withheld)         # costs of the columns
        costs = withheld.transpose(1, 0, 2).copy()  # (H, K, W)
        _split(costs, weights[1])
        withheld -= costs.transpose(1, 0, 2)
    return costs.argmin(axis=1), float(costs.min(axis=1).sum(dtype=np.float64))


def _message(costs, weight):
    """Potts message over an edge, its minimum 0: costs (K, C), weight (C,)."""
    return np.minimum(costs - costs.min(axis=0), weight)


def _split(costs, weights):
    """Turn the costs (n, K, C) of C chains into their hierarchical minorants; weights (n, C), the last unused."""
    nodes = len(costs)
    if nodes == 1:
        return
    cut = (nodes - 1) // 2
    left, right = costs[0], costs[-1]
    for node in range(1, cut + 1):
        left = costs[node] + _message(left, weights[node - 1])
    for node in range(nodes - 2, cut, -1):
        right = costs[node] + _message(right, weights[node])
    message = _message(left, weights[cut])
    share = np.float32((cut + 1) / nodes)
    flow = _message((message + right) * share - message, weights[cut])
    costs[cut] += flow
    costs[cut + 1] -= flow
    _split(costs[:cut + 1], weights[:cut + 1])
    _split(costs[cut + 1:], weights[cut + 1:])
