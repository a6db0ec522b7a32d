"""Twins of the CRF's functions, slow and plain in NumPy, against which the fast ones are tested.

`neighbours` are offsets (dy, dx) and `compatibility` is (K, K), (D, K, K) or None for Potts, as in `theano_crf`.
"""
import itertools

import numpy as np

PAPERS = ((0, 1), (1, 0))


def edges(neighbours, height, width):
    """Every edge as (direction, (y, x) of its first pixel, (y, x) of its second)."""
    for d, (dy, dx) in enumerate(neighbours):
        for y, x in itertools.product(range(height), range(width)):
            if y + dy < height and 0 <= x + dx < width:
                yield d, (y, x), (y + dy, x + dx)


def matrices(compatibility, neighbours, labels):
    """The compatibility of each direction: (D, K, K) float64."""
    if compatibility is None:
        compatibility = 1 - np.eye(labels)
    return np.broadcast_to(np.asarray(compatibility, np.float64), (len(neighbours), labels, labels))


def relative_colours(image):
    """Colours in [0, 1] whose differences are relative to the light."""
    return np.log(1 + np.asarray(image, np.float64) / 0.03) / np.log(1 + 1 / 0.03)


def energy(unary, weights, labels, neighbours=PAPERS, compatibility=None):
    """The energy of one image: unary (K, H, W), weights (D, H, W), labels (H, W)."""
    height, width = labels.shape
    mu = matrices(compatibility, neighbours, len(unary))
    total = sum(float(unary[(labels[pixel], *pixel)]) for pixel in np.ndindex(height, width))
    for d, first, second in edges(neighbours, height, width):
        if mu[d, labels[first], labels[second]] != 0:
            total += float(weights[(d, *first)]) * mu[d, labels[first], labels[second]]
    return total


def all_labellings(labels, height, width):
    """Every labelling of a tiny grid: (labels ** (height * width), height, width)."""
    return np.indices((labels,) * (height * width)).reshape(height * width, -1).T.reshape(-1, height, width)


def all_energies(unary, weights, neighbours=PAPERS, compatibility=None):
    """The energy of every labelling, in the order of `all_labellings`, as `energy` gives them one by one."""
    labellings = all_labellings(*unary.shape)
    mu = matrices(compatibility, neighbours, len(unary))
    y, x = np.indices(labellings.shape[1:])
    total = unary.astype(np.float64)[labellings, y, x].sum(axis=(1, 2))
    for d, first, second in edges(neighbours, *labellings.shape[1:]):
        ends = (labellings[(slice(None), *pixel)] for pixel in (first, second))
        total += float(weights[(d, *first)]) * mu[(d, *ends)]
    return total


def least_energy(unary, weights, neighbours=PAPERS, compatibility=None):
    """The optimum by brute force."""
    return all_energies(unary, weights, neighbours, compatibility).min()


def _message(costs, weight):
    """The Potts message over an edge: for each k the minimum over j of costs[j] + weight [j != k]."""
    return np.minimum(costs, costs.min() + weight)


def chain_minorant(costs, weights):
    """Hierarchical minorant F (n, K) of a chain of costs (n, K) with n - 1 edge weights."""
    n = len(costs)
    if n == 1:
        return costs.astype(np.float64)
    left, right = costs.astype(np.float64), costs.astype(np.float64)
    for i in range(1, n):
        left[i] += _message(left[i - 1], weights[i - 1])
    for i in reversed(range(n - 1)):
        right[i] += _message(right[i + 1], weights[i])
    cut = (n - 1) // 2
    message = _message(left[cut], weights[cut])
    share = (cut + 1) / n
    flow = _message((message + right[cut + 1]) * share - message, weights[cut])
    halves = [costs[:cut + 1].astype(np.float64), costs[cut + 1:].astype(np.float64)]
    halves[0][-1] += flow
    halves[1][0] -= flow
    return np.concatenate([chain_minorant(halves[0], weights[:cut]),
                           chain_minorant(halves[1], weights[cut + 1:])])


def grid_minorant(costs, weights, direction):
    """Minorants of all rows (0) or columns (1): costs (K, H, W) -> F (K, H, W)."""
    if direction == 1:
        return grid_minorant(costs.swapaxes(1, 2), weights[::-1].swapaxes(1, 2), 0).swapaxes(1, 2)
    rows = [chain_minorant(costs[:, y].T, weights[0, y, :-1]) for y in range(costs.shape[1])]
    return np.stack([row.T for row in rows], axis=1)


def dual_mm(unary, weights, iterations):
    """One image's labels, and the lower bound after each half step."""
    withheld, bounds = np.zeros(unary.shape), []
    for step in range(2 * iterations):
        costs = unary.astype(np.float64) - withheld
        minorant = grid_minorant(costs, weights.astype(np.float64), step % 2)
        withheld = costs - minorant
        bounds.append(minorant.min(axis=0).sum())
    return minorant.argmin(axis=0), bounds


def void_problem(unary, weights, truth, void, neighbours=PAPERS, compatibility=None):
    """One image's void pixels as a problem of their own, given its truth: unary costs and weights."""
    latent, (labels, height, width) = truth == void, unary.shape
    mu = matrices(compatibility, neighbours, labels)
    costs, latent_weights = np.where(latent, unary, 0).astype(np.float64), np.zeros(weights.shape)
    for d, first, second in edges(neighbours, height, width):
        weight = float(weights[(d, *first)])
        if latent[first] and latent[second]:
            latent_weights[(d, *first)] = weight
        elif latent[first]:
            costs[(slice(None), *first)] += weight * mu[d, :, truth[second]]
        elif latent[second]:
            costs[(slice(None), *second)] += weight * mu[d, truth[first]]
    return costs, latent_weights


def complete(unary, weights, truth, labels, iterations, void):
    """One image's completed truth: its void pixels have `labels` or DualMM's labels, whichever cost less."""
    alone, _ = dual_mm(*void_problem(unary, weights, truth, void), iterations)
    candidates = [np.where(truth == void, filling, truth) for filling in (labels, alone)]
    return min(candidates, key=lambda candidate: energy(unary, weights, candidate))


def margins(gamma, truth, labels, void):
    """The margin of each label at each pixel of one image, (H, W, K); `gamma` is a number or (K, K)."""
    matrix = np.float64(gamma) if np.ndim(gamma) == 2 else gamma * (1 - np.eye(labels))
    return np.where((truth == void)[..., np.newaxis], 0, matrix[np.where(truth == void, 0, truth)])


def ssvm_loss(unary, weights, truth, completed, labels, gamma, void, neighbours=PAPERS, compatibility=None):
    """One image's loss by its definition, for a given completed truth and given loss-augmented labels."""
    margin = np.take_along_axis(margins(gamma, truth, len(unary), void), labels[..., np.newaxis], 2).sum()
    energies = [energy(unary, weights, one, neighbours, compatibility) for one in (completed, labels)]
    return margin + energies[0] - energies[1]


def completed_truth(structured):
    """The completed truth (N, H, W) of a `theano_crf.Structured`, derived from its gradient."""
    gradient = structured.grad_unary
    return np.where(gradient.any(axis=1), gradient.argmax(axis=1), structured.labels)


def hinge(unary, weights, truth, gamma, void, neighbours=PAPERS, compatibility=None):
    """One image's loss with exact inference, by brute force."""
    energies = all_energies(unary, weights, neighbours, compatibility)
    labellings = all_labellings(*unary.shape)
    y, x = np.indices(truth.shape)
    margin = margins(gamma, truth, len(unary), void)[y, x, labellings].sum(axis=(1, 2))
    is_completion = ((labellings == truth) | (truth == void)).all(axis=(1, 2))
    return energies[is_completion].min() - (energies - margin).min()


def contrast_weights(image, alpha, beta, lam, neighbours=PAPERS):
    """The pairwise weights of one image (3, H, W)."""
    weights = np.zeros((len(neighbours), *image.shape[1:]))
    for d, first, second in edges(neighbours, *image.shape[1:]):
        distance = np.linalg.norm(image[(slice(None), *second)] - image[(slice(None), *first)])
        length = np.hypot(*neighbours[d])
        weights[(d, *first)] = lam / length * (np.exp(-alpha * distance ** beta) if alpha else 1)
    return weights


def random_problem(seed, images, labels, height, width, strength=1.0):
    """Random unary costs, and random weights of which about a tenth are zero; float32."""
    generator = np.random.default_rng(seed)
    unary = generator.normal(size=(images, labels, height, width)).astype(np.float32)
    weights = strength * generator.random((images, 2, height, width)).astype(np.float32)
    weights *= generator.random(weights.shape) > 0.1
    weights[:, 0, :, -1] = 0
    weights[:, 1, -1] = 0
    return unary, weights
