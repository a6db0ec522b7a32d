"""Fuzz target for theano_crf's functions with neighbours, compatibilities and matrices for the margin."""

import atheris
import numpy as np

import theano_crf
from tests.fuzz.solver import ALLOWED, LARGEST, changed, changed_settings
from tests.fuzz.targets import outcome
from tests.theano_crf import twins

# Few, since a Theano function is compiled for each; then what is refused.
NEIGHBOURS = [((0, 1), (1, 0)), ((0, 1), (1, 0), (1, 1), (1, -1)), ((2, -3), (0, 2)), ((1, 0), (1, 0), (30, 4)),
              ((0, 5),)]
REFUSED = [(), None, 8, "neighbours", ((0, 0),), ((0, -1),), ((-1, 0),), ((1, 2, 3),), ((0.5, 1),), ((2 ** 40, 0),),
           ((0, 1), None), {}, ((True, 1),)]
SLACK = 1e-4  # of costs up to LARGEST, relative to the largest and per pixel


def check_general_solver(data):
    """Check that one call of one function is refused with a sentence, or agrees with its plain NumPy twin."""
    provider = atheris.FuzzedDataProvider(data)
    generator = np.random.default_rng(provider.ConsumeIntInRange(0, 2 ** 16))
    n, k, h, w = shape = tuple(provider.ConsumeIntInRange(1, most) for most in (2, 5, 7, 19))
    neighbours = provider.PickValueInList(NEIGHBOURS)
    function = provider.PickValueInList([_energy, _dual_mm, _dual_mm, _ssvm, _ssvm])
    mu_shape = provider.PickValueInList([None, (k, k), (len(neighbours), k, k)])
    arrays = {"unary": generator.normal(size=shape).astype(np.float32),
              "weights": generator.random((n, len(neighbours), h, w)).astype(np.float32),
              "labels": generator.integers(0, k, (n, h, w)),
              "compatibility": None if mu_shape is None else generator.random(mu_shape).astype(np.float32),
              "gamma": provider.PickValueInList([0.1, generator.random((k, k)), generator.random((n, k, k))])}
    for _ in range(provider.PickValueInList([0, 0, 1, 1, 2, 3])):
        name = provider.PickValueInList(list(arrays))
        try:
            arrays[name] = changed(arrays[name], provider)
        except (ValueError, TypeError, OverflowError):
            pass  # NumPy itself refuses such an array
    if provider.ConsumeIntInRange(0, 15) == 0:
        neighbours = provider.PickValueInList(REFUSED)
    with np.errstate(all="ignore"):
        function(arrays, neighbours, provider)


def seeds_general_solver():
    generator = np.random.default_rng(4)
    for length in (8, 16, 24, 32) * 8:
        yield generator.bytes(length)


def _singles(arrays, *names):
    return [None if arrays[name] is None else np.asarray(arrays[name], np.float32) for name in names]


def _slack(neighbours, unary, weights, mu):
    """The largest sum of errors that rounding may cause; infinite where costs are too large to be compared."""
    weights = [weights[(slice(None), d, *first)] for d, first, _ in twins.edges(neighbours, *unary.shape[2:])]
    sizes = [np.abs(unary).max(), np.max(weights, initial=0) * (1 if mu is None else max(1, mu.max()))]
    return SLACK * (sum(sizes) + 1) * unary[0, 0].size if max(sizes) <= LARGEST else np.inf


def _energies(unary, weights, labels, neighbours, mu):
    return np.array([twins.energy(*image, neighbours, mu)
                     for image in zip(unary, weights, np.asarray(labels).astype(int))])


def _energy(arrays, neighbours, provider):
    energies = outcome(lambda: theano_crf.energy(arrays["unary"], arrays["weights"], arrays["labels"], neighbours,
                                                 arrays["compatibility"]), *ALLOWED)
    if energies is not None:
        unary, weights, mu = _singles(arrays, "unary", "weights", "compatibility")
        expected = _energies(unary, weights, arrays["labels"], neighbours, mu)
        np.testing.assert_allclose(energies, expected, rtol=1e-6, atol=1e-6)


def _dual_mm(arrays, neighbours, provider):
    settings = changed_settings(provider, iterations=3, tolerance=None)
    decode = provider.PickValueInList(["argmin", "viterbi", "icm"])
    solution = outcome(lambda: theano_crf.dual_mm(
        arrays["unary"], arrays["weights"], decode=decode, neighbours=neighbours,
        compatibility=arrays["compatibility"], **settings), *ALLOWED)
    if solution is None:
        return
    unary, weights, mu = _singles(arrays, "unary", "weights", "compatibility")
    n, k, h, w = unary.shape
    assert solution.labels.shape == (n, h, w) and ((solution.labels >= 0) & (solution.labels < k)).all()
    slack = _slack(neighbours, unary, weights, mu)
    if slack < np.inf:
        np.testing.assert_allclose(solution.energy, _energies(unary, weights, solution.labels, neighbours, mu),
                                   atol=slack)
        assert (solution.lower_bound <= solution.energy + slack).all()
        if k ** (h * w) <= 256:
            best = np.array([twins.least_energy(*image, neighbours, mu) for image in zip(unary, weights)])
            assert (solution.lower_bound <= best + slack).all()
            assert (solution.energy <= best + slack)[solution.proven].all()


def _ssvm(arrays, neighbours, provider):
    settings = changed_settings(provider, void=255, iterations=3)
    truth, gamma = arrays["labels"], arrays["gamma"]
    if isinstance(truth, np.ndarray) and truth.dtype == np.int64 and provider.ConsumeBool():
        latent = np.random.default_rng(truth.size).random(truth.shape) < provider.PickValueInList([0.1, 0.4, 0.9, 1])
        truth = np.where(latent, 255, truth)
    structured = outcome(lambda: theano_crf.ssvm(
        arrays["unary"], arrays["weights"], truth, gamma, neighbours=neighbours,
        compatibility=arrays["compatibility"], **settings), *ALLOWED)
    if structured is None:
        return
    unary, weights, mu, gamma = _singles({**arrays, "gamma": gamma}, "unary", "weights", "compatibility", "gamma")
    truth, void = np.asarray(truth).astype(int), settings["void"]
    completed = twins.completed_truth(structured)
    assert (completed == truth)[truth != void].all()
    assert (structured.grad_compatibility is None) == (mu is None)
    slack = _slack(neighbours, unary, weights, mu) + SLACK * float(np.max(gamma)) * unary[0, 0].size
    if slack < np.inf and np.max(gamma) <= LARGEST:
        margins = gamma if gamma.ndim == 3 else [gamma if gamma.ndim else float(gamma)] * len(unary)
        expected = [twins.ssvm_loss(*image, margin, void, neighbours, mu)
                    for *image, margin in zip(unary, weights, truth, completed, structured.labels, margins)]
        np.testing.assert_allclose(structured.loss, expected, atol=slack)
        assert (structured.certificate >= structured.loss - slack).all()
