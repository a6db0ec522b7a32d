"""The twin of DualMM for any neighbourhood and compatibility, slow and plain, and random problems of that kind."""
import numpy as np

from . import twins

PADDING = 16  # columns wrap round at a multiple of it


def chains(offset, height, width):
    """The chains of an offset as lists of pixels; columns beyond the width are padding."""
    dy, dx = offset
    if dy == 0:
        return [[(y, x) for x in range(first, width, dx)] for y in range(height) for first in range(min(dx, width))]
    padded = -(-width // PADDING) * PADDING
    return [[(y, (column + number * dx) % padded) for number, y in enumerate(range(first, height, dy))]
            for column in range(padded) for first in range(min(dy, height))]


def chain_minorant(costs, weights, mu):
    """Hierarchical minorant F (n, K) of a chain of costs (n, K) with n - 1 edges of costs weight * mu."""
    if len(costs) == 1:
        return costs

    def to_the_right(node, weight):
        return (node[:, np.newaxis] + weight * mu).min(axis=0)

    def to_the_left(node, weight):
        return (node + weight * mu).min(axis=1)
    cut, n = (len(costs) - 1) // 2, len(costs)
    left, right = costs[0], costs[-1]
    for node, weight in zip(costs[1:cut + 1], weights[:cut]):
        left = node + to_the_right(left, weight)
    for node, weight in zip(costs[-2:cut:-1], weights[:cut:-1]):
        right = node + to_the_left(right, weight)
    message = to_the_right(left, weights[cut])
    excess = (message + right) * (cut + 1) / n - message
    flow = to_the_left(excess - excess.min(), weights[cut])
    first, second = costs[:cut + 1].copy(), costs[cut + 1:].copy()
    first[-1] += flow
    second[0] += to_the_right(-flow, weights[cut])
    return np.concatenate([chain_minorant(first, weights[:cut], mu), chain_minorant(second, weights[cut + 1:], mu)])


def minorants(costs, weights, offset, mu):
    """Minorants of all chains of an offset: costs (K, H, W), weights (H, W) -> F (K, H, W)."""
    labels, height, width = costs.shape
    result = np.empty(costs.shape)
    for chain in chains(offset, height, width):
        inside = [x < width for _, x in chain]
        values = np.array([costs[:, y, x] if x < width else np.zeros(labels) for y, x in chain])
        edges = [float(weights[y, x]) if x < width and 0 <= x + offset[1] < width else 0.0 for y, x in chain[:-1]]
        for pixel, is_pixel, minorant in zip(chain, inside, chain_minorant(values, np.array(edges), mu)):
            if is_pixel:
                result[(slice(None), *pixel)] = minorant
    return result


def dual_mm(unary, weights, iterations, neighbours, compatibility=None):
    """One image's labels, and the lower bound after each step."""
    rest, bounds = unary.astype(np.float64), []
    withheld = np.zeros((len(neighbours), *unary.shape))
    mu = twins.matrices(compatibility, neighbours, len(unary))
    for _ in range(iterations):
        for d, offset in enumerate(neighbours):
            costs = rest + withheld[d]
            rest = minorants(costs, weights[d], offset, mu[d])
            withheld[d] = costs - rest
            bounds.append(rest.min(axis=0).sum())
    return rest.argmin(axis=0), bounds


def random_weights(seed, images, neighbours, height, width, strength=1.0):
    """Random weights (N, D, H, W), float32, of which about a tenth are zero, and NaN where there is no edge."""
    generator = np.random.default_rng(seed)
    weights = np.full((images, len(neighbours), height, width), np.nan, np.float32)
    for d, first, _ in twins.edges(neighbours, height, width):
        weights[(slice(None), d, *first)] = strength * generator.random(images) * (generator.random(images) > 0.1)
    return weights


def random_problem(seed, shape, neighbours, strength=1.0):
    """Random unary costs (N, K, H, W) and weights, float32."""
    unary = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return unary, random_weights(seed + 1, shape[0], neighbours, *shape[2:], strength=strength)


def random_compatibility(seed, kind, labels, directions):
    """A random compatibility of a kind: None for Potts, else (K, K) or (D, K, K), float32."""
    generator = np.random.default_rng(seed)
    points = generator.random((labels, 3))
    distances = np.abs(points[:, np.newaxis] - points).sum(axis=2)
    return {"potts": lambda: None,
            "metric": lambda: distances.astype(np.float32),
            "truncated": lambda: np.minimum(distances, 0.7).astype(np.float32),
            "symmetric": lambda: (distances ** 3 * generator.permutation(labels)[:, np.newaxis] * 1.0
                                  + (distances ** 3 * 2).T).astype(np.float32),
            "directed": lambda: generator.random((directions, labels, labels)).astype(np.float32),
            "rewards": lambda: (3 * np.eye(labels) + generator.random((labels, labels))).astype(np.float32),
            "zero": lambda: np.zeros((labels, labels), np.float32),
            "huge": lambda: (1e6 * (generator.random((directions, labels, labels)) > 0.7)).astype(np.float32),
            }[kind]()


KINDS = ("potts", "metric", "truncated", "symmetric", "directed", "rewards", "zero", "huge")
