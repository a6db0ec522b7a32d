"""Twins of the CRF's functions, slow and plain in NumPy, against which the fast ones are tested."""
import itertools

import numpy as np


def energy(unary, weights, labels):
    """The energy of one image: unary (K, H, W), weights (2, H, W), labels (H, W)."""
    height, width = labels.shape
    total = 0.0
    for y, x in itertools.product(range(height), range(width)):
        total += float(unary[labels[y, x], y, x])
        if x + 1 < width and labels[y, x] != labels[y, x + 1]:
            total += float(weights[0, y, x])
        if y + 1 < height and labels[y, x] != labels[y + 1, x]:
            total += float(weights[1, y, x])
    return total


def all_labellings(labels, height, width):
    """Every labelling of a tiny grid: (labels ** (height * width), height, width)."""
    return np.indices((labels,) * (height * width)).reshape(height * width, -1).T.reshape(-1, height, width)


def all_energies(unary, weights):
    """The energy of every labelling, in the order of `all_labellings`, as `energy` gives them one by one."""
    labellings = all_labellings(*unary.shape)
    y, x = np.indices(labellings.shape[1:])
    total = unary.astype(np.float64)[labellings, y, x].sum(axis=(1, 2))
    right, down = weights.astype(np.float64)
    total += ((labellings[:, :, 1:] != labellings[:, :, :-1]) * right[:, :-1]).sum(axis=(1, 2))
    total += ((labellings[:, 1:] != labellings[:, :-1]) * down[:-1]).sum(axis=(1, 2))
    return total


def least_energy(unary, weights):
    """The optimum by brute force."""
    return all_energies(unary, weights).min()


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


def void_problem(unary, weights, truth, void):
    """One image's void pixels as a problem of their own, given its truth: unary costs and weights."""
    latent, (_, height, width) = truth == void, unary.shape
    costs, edges = np.where(latent, unary, 0).astype(np.float64), np.zeros(weights.shape)
    others = np.arange(len(unary))
    for y, x in itertools.product(range(height), range(width)):
        for channel, (v, u) in enumerate([(y, x + 1), (y + 1, x)]):
            if v == height or u == width:
                continue
            weight = float(weights[channel, y, x])
            if latent[y, x] and latent[v, u]:
                edges[channel, y, x] = weight
            elif latent[y, x]:
                costs[:, y, x] += weight * (others != truth[v, u])
            elif latent[v, u]:
                costs[:, v, u] += weight * (others != truth[y, x])
    return costs, edges


def complete(unary, weights, truth, labels, iterations, void):
    """One image's completed truth: its void pixels have `labels` or DualMM's labels, whichever cost less."""
    alone, _ = dual_mm(*void_problem(unary, weights, truth, void), iterations)
    candidates = [np.where(truth == void, filling, truth) for filling in (labels, alone)]
    return min(candidates, key=lambda candidate: energy(unary, weights, candidate))


def ssvm_loss(unary, weights, truth, completed, labels, gamma, void):
    """One image's loss by its definition, for a given completed truth and given loss-augmented labels."""
    wrong = np.count_nonzero((labels != truth) & (truth != void))
    return gamma * wrong + energy(unary, weights, completed) - energy(unary, weights, labels)


def completed_truth(structured):
    """The completed truth (N, H, W) of a `theano_crf.Structured`, derived from its gradient."""
    gradient = structured.grad_unary
    return np.where(gradient.any(axis=1), gradient.argmax(axis=1), structured.labels)


def hinge(unary, weights, truth, gamma, void):
    """One image's loss with exact inference, by brute force."""
    labelled, labellings = truth != void, all_labellings(*unary.shape)
    wrong = np.count_nonzero((labellings != truth) & labelled, axis=(1, 2))
    energies = all_energies(unary, weights)
    return energies[wrong == 0].min() - (energies - gamma * wrong).min()


def contrast_weights(image, alpha, beta, lam):
    """The pairwise weights of one image (3, H, W)."""
    _, height, width = image.shape
    weights = np.zeros((2, height, width))
    for y, x in itertools.product(range(height), range(width)):
        if x + 1 < width:
            distance = np.linalg.norm(image[:, y, x + 1] - image[:, y, x])
            weights[0, y, x] = lam * (np.exp(-alpha * distance ** beta) if alpha else 1)
        if y + 1 < height:
            distance = np.linalg.norm(image[:, y + 1, x] - image[:, y, x])
            weights[1, y, x] = lam * (np.exp(-alpha * distance ** beta) if alpha else 1)
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
