"""Fuzz target for theano_crf's functions: arguments of any shape, type, layout and value."""

import warnings

import atheris
import numpy as np

import theano_crf
from tests.fuzz.targets import outcome
from tests.theano_crf import twins

ALLOWED = ValueError, TypeError, MemoryError
DTYPES = [np.float32, np.float64, np.float16, np.longdouble, np.int8, np.int32, np.int64, np.uint8, np.uint64, np.bool_,
          np.complex64, np.dtype(">f4"), np.dtype(">i4"), np.object_, np.dtype("U3"), np.dtype("M8[s]")]
SPECIAL = [0.0, -0.0, 1e-42, -1e-30, 0.5, 1.0, 3.0, -2.0, 255.0, 1e6, 3e38, -3e38, 1e300, np.inf, -np.inf, np.nan]
SETTINGS = [0, 1, 2, 15, -1, 0.0, 0.1, 1.5, -0.1, 1e300, 1e39, 10 ** 400, 2 ** 31, 2 ** 32 + 1, 2 ** 64, True, None, "",
            "1", "argmin", "icm", b"viterbi", [], np.nan, np.inf, np.float32(0.3), np.int8(3), np.ones((2, 2)), 1j]
LARGEST = 1e6  # of costs and weights whose results are compared; beyond it single precision is too coarse

warnings.simplefilter("ignore")  # NumPy warns of values that are then refused


def check_solver(data):
    """Check that one call of one function is refused with a sentence, or agrees with its plain NumPy twin."""
    provider = atheris.FuzzedDataProvider(data)
    seed = provider.ConsumeIntInRange(0, 2 ** 16)
    shape = tuple(provider.ConsumeIntInRange(1, most) for most in (2, 5, 7, 19))
    (n, k, h, w), generator = shape, np.random.default_rng(seed)
    function = provider.PickValueInList([_contrast_weights, _energy, _dual_mm, _dual_mm, _ssvm, _ssvm])
    arrays = {"unary": generator.normal(size=shape).astype(np.float32),
              "weights": generator.random((n, 2, h, w)).astype(np.float32),
              "labels": generator.integers(0, k, (n, h, w)),
              "image": generator.integers(0, 256, (n, 3, h, w)) / 255}
    for _ in range(provider.PickValueInList([0, 0, 1, 1, 2, 3])):
        name = provider.PickValueInList(list(arrays))
        try:
            arrays[name] = changed(arrays[name], provider)
        except (ValueError, TypeError, OverflowError):
            pass  # NumPy itself refuses such an array
    with np.errstate(all="ignore"):
        function(arrays, provider)


def seeds_solver():
    generator = np.random.default_rng(3)
    for length in (8, 16, 24, 32) * 8:
        yield generator.bytes(length)


def changed(array, provider):
    """Return the array with another type, layout or shape or with special values, or something else in its place."""
    kind = provider.ConsumeIntInRange(0, 11)
    if not isinstance(array, np.ndarray) or array.ndim == 0 or array.size == 0:
        return array
    if kind == 0:
        return array.astype(provider.PickValueInList(DTYPES))
    if kind in (1, 2) and array.dtype.kind == "f":
        array = array.copy()
        array.flat[provider.ConsumeIntInRange(0, array.size - 1)] = provider.PickValueInList(SPECIAL)
        return array
    if kind == 3 and array.dtype.kind == "f":
        return array * np.float32(provider.PickValueInList([0, 1e-40, 1e-3, 30, 1e6, 1e30, -1]))
    if kind == 3 and array.dtype.kind in "iu":
        return array + provider.PickValueInList([-1, 1, 250, 2 ** 31, 2 ** 40])
    if kind in (3, 4):  # the same values at other strides
        axis = provider.ConsumeIntInRange(0, array.ndim - 1)
        return np.flip(np.flip(array, axis).copy(), axis) if provider.ConsumeBool() else np.asfortranarray(array)
    if kind == 5:
        wide = np.repeat(array, 2, axis=provider.ConsumeIntInRange(0, array.ndim - 1))
        step = tuple(length // original for length, original in zip(wide.shape, array.shape))
        return wide[tuple(slice(None, None, number) for number in step)]
    if kind == 6 and not array.dtype.hasobject:  # not aligned
        memory = np.zeros(array.nbytes + 1, np.uint8)
        moved = memory[1:].view(array.dtype).reshape(array.shape)
        moved[...] = array
        return moved
    if kind == 7:
        return np.broadcast_to(array[:1], array.shape)
    if kind == 8:
        axis = provider.ConsumeIntInRange(0, array.ndim - 1)
        return array.take(range(provider.ConsumeIntInRange(0, array.shape[axis])), axis=axis)
    if kind == 9:
        return array[0] if provider.ConsumeBool() else array[np.newaxis]
    if kind == 10:
        return array.tolist()
    return provider.PickValueInList([None, 0, "unary", [], [[1], [1, 2]], {}, np.float32(1), np.zeros((0, 2, 3, 4))])


def changed_settings(provider, **usual):
    """Return the usual settings, some of them changed."""
    for name in usual:
        if provider.ConsumeIntInRange(0, 7) == 0:
            usual[name] = provider.PickValueInList(SETTINGS)
    if isinstance(usual.get("iterations"), int) and 2 ** 20 < usual["iterations"] < 2 ** 63:
        usual["iterations"] = 1  # so many are allowed, but take for ever
    return usual


def _comparable(*arrays):
    return all(np.abs(np.asarray(array, np.float64)).max() <= LARGEST for array in arrays)


def _energies(unary, weights, labels):
    unary, weights = np.asarray(unary, np.float32), np.asarray(weights, np.float32)
    return np.array([twins.energy(*image) for image in zip(unary, weights, np.asarray(labels).astype(int))])


def _slack(unary, weights):
    sizes = [np.abs(np.asarray(array, np.float64)).max() for array in (unary, weights)]
    return 1e-5 * (sum(sizes) + 1) * np.asarray(unary)[0, 0].size


def _contrast_weights(arrays, provider):
    settings = changed_settings(provider, alpha=35.0, beta=0.9, lam=2.5)
    weights = outcome(lambda: theano_crf.contrast_weights(arrays["image"], **settings), *ALLOWED)
    if weights is None:
        return
    image = np.asarray(arrays["image"], np.float32).astype(np.float64)
    alpha, beta, lam = (float(settings[name]) for name in ("alpha", "beta", "lam"))
    assert weights.shape == (len(image), 2, *image.shape[2:]) and weights.dtype == np.float32
    assert np.isfinite(weights).all() and (weights >= 0).all() and (weights <= np.float32(lam)).all()
    for edges, one in zip(weights, image):
        expected = twins.contrast_weights(one, alpha, beta, lam)
        differences = [np.diff(one, axis=axis) for axis in (1, 2)]
        if all(((np.abs(difference) > 1e-4) | (difference == 0)).all() for difference in differences):
            np.testing.assert_allclose(edges, expected, rtol=1e-3, atol=1e-5 * lam)


def _energy(arrays, provider):
    unary, weights, labels = (arrays[name] for name in ("unary", "weights", "labels"))
    energies = outcome(lambda: theano_crf.energy(unary, weights, labels), *ALLOWED)
    if energies is not None:
        np.testing.assert_allclose(energies, _energies(unary, weights, labels), rtol=1e-6, atol=1e-6)


def _dual_mm(arrays, provider):
    # Iterations after the fifteenth are others, and a tolerance ends them at the proof.
    settings = changed_settings(provider, iterations=provider.PickValueInList([3, 3, 40]),
                                tolerance=provider.PickValueInList([None, None, 0]))
    decode = provider.PickValueInList(["argmin", "viterbi", "icm", "icm", None])
    settings["decode"] = decode or provider.PickValueInList(SETTINGS)
    unary, weights = arrays["unary"], arrays["weights"]
    solution = outcome(lambda: theano_crf.dual_mm(unary, weights, **settings), *ALLOWED)
    if solution is None:
        return
    n, k, h, w = np.shape(unary)
    assert solution.labels.shape == (n, h, w) and ((solution.labels >= 0) & (solution.labels < k)).all()
    if _comparable(unary, weights):
        slack = _slack(unary, weights)
        np.testing.assert_allclose(solution.energy, _energies(unary, weights, solution.labels), atol=slack)
        assert (solution.lower_bound <= solution.energy + slack).all()
        if k ** (h * w) <= 256:
            singles = (np.asarray(array, np.float32) for array in (unary, weights))
            best = np.array([twins.least_energy(*image) for image in zip(*singles)])
            assert (solution.lower_bound <= best + slack).all()
            assert (solution.energy <= best + slack)[solution.proven].all()


def _ssvm(arrays, provider):
    settings = changed_settings(provider, gamma=0.1, void=255, iterations=3)
    unary, weights, truth = (arrays[name] for name in ("unary", "weights", "labels"))
    if isinstance(truth, np.ndarray) and truth.dtype == np.int64 and provider.ConsumeBool():
        latent = np.random.default_rng(truth.size).random(truth.shape) < provider.PickValueInList([0.1, 0.4, 0.9, 1])
        truth = np.where(latent, 255, truth)
    structured = outcome(lambda: theano_crf.ssvm(unary, weights, truth, **settings), *ALLOWED)
    if structured is None:
        return
    unary, weights = np.asarray(unary, np.float32), np.asarray(weights, np.float32)
    truth = np.asarray(truth).astype(int)
    n, k, h, w = unary.shape
    assert structured.labels.shape == (n, h, w) and ((structured.labels >= 0) & (structured.labels < k)).all()
    void, gamma = settings["void"], float(np.float32(settings["gamma"]))
    completed = twins.completed_truth(structured)
    assert (completed == truth)[truth != void].all()
    if _comparable(unary, weights, gamma):
        expected = [twins.ssvm_loss(*image, gamma, void)
                    for image in zip(unary, weights, truth, completed, structured.labels)]
        slack = _slack(unary, weights) + 1e-6 * gamma * h * w
        np.testing.assert_allclose(structured.loss, expected, atol=slack)
        own = np.where(truth == void, structured.labels, truth)
        assert (_energies(unary, weights, completed) <= _energies(unary, weights, own) + slack).all()
        assert (structured.certificate >= structured.loss - slack).all()
        if k ** (h * w) <= 256:
            hinges = [twins.hinge(*image, gamma, void) for image in zip(unary, weights, truth)]
            assert (structured.certificate >= np.array(hinges) - slack).all()
    assert (structured.loss == 0)[(truth == void).all(axis=(1, 2))].all()
    classes = np.arange(k)[:, np.newaxis, np.newaxis]
    gradient = 1.0 * (completed[:, np.newaxis] == classes) - (structured.labels[:, np.newaxis] == classes)
    np.testing.assert_array_equal(structured.grad_unary, gradient)
    for channel, (dy, dx) in enumerate([(0, 1), (1, 0)]):
        here, there = np.s_[:, :h - dy, :w - dx], np.s_[:, dy:, dx:]
        cut = [1.0 * (labels[here] != labels[there]) for labels in (completed, structured.labels)]
        np.testing.assert_array_equal(structured.grad_weights[:, channel][here], cut[0] - cut[1])
