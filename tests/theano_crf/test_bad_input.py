"""Wrong arguments: each is refused with one sentence that names the value and what is allowed."""
import numpy as np
import pytest
import theano.tensor as T

import theano_crf
from theano_crf import graph

UNARY = np.zeros((1, 3, 4, 5), np.float32)
WEIGHTS = np.zeros((1, 2, 4, 5), np.float32)
LABELS = np.zeros((1, 4, 5), np.int32)


def with_entry(array, value):
    changed = array.copy()
    changed[0, 1, 2, 3] = value
    return changed


@pytest.mark.parametrize("unary, weights, message", [
    (UNARY[0], WEIGHTS, "unary has shape .3, 4, 5.; it must be .N, K, H, W."),
    (UNARY[:, :, :0], WEIGHTS, "each at least 1"),
    (UNARY[:, :1], WEIGHTS, "K must be 2 to 255"),
    (np.zeros((1, 256, 4, 5)), WEIGHTS, "K must be 2 to 255"),
    (UNARY, WEIGHTS[:, :1], r"weights has shape \(1, 1, 4, 5\); with unary \(1, 3, 4, 5\) it must be"),
    (UNARY, WEIGHTS[:, :, :3], "weights has shape"),
    (UNARY, np.zeros((2, 2, 4, 5)), "weights has shape"),
    (with_entry(UNARY, np.nan), WEIGHTS, "unary holds NaN"),
    (with_entry(UNARY, np.inf), WEIGHTS, "unary holds NaN or infinite"),
    (with_entry(UNARY.astype(np.float64), 1e300), WEIGHTS, "unary holds NaN or infinite"),
    (UNARY, with_entry(WEIGHTS, np.nan), "weights holds NaN"),
    (UNARY, with_entry(WEIGHTS, np.inf), "weights holds NaN, infinite"),
    (UNARY, with_entry(WEIGHTS, -1e-3), "negative"),
    (with_entry(UNARY, -2e30), WEIGHTS, "unary holds .* some beyond 1e30"),
    (UNARY, with_entry(WEIGHTS, 3e38), "weights holds .* some beyond 1e30"),
])
def test_problem(unary, weights, message):
    for solve in (theano_crf.dual_mm, lambda *arguments: theano_crf.ssvm(*arguments, LABELS)):
        with pytest.raises(ValueError, match=message) as error:
            solve(unary, weights)
        assert "\n" not in str(error.value)


def test_a_margin_beyond_the_largest_cost():
    with pytest.raises(ValueError, match="gamma must be from 0 to 1e30"):
        theano_crf.ssvm(UNARY, WEIGHTS, LABELS, gamma=1e31)


@pytest.mark.parametrize("decode", ["argmin", "viterbi", "icm"])
def test_the_largest_costs_are_solved(decode):
    signs = np.random.default_rng(0).choice(np.float32([-1e30, 1e30]), (1, 3, 40, 70))
    weights = np.full((1, 2, 40, 70), 1e30, np.float32)
    solution = theano_crf.dual_mm(signs, weights, 15, decode)
    assert np.isfinite(solution.energy).all() and np.isfinite(solution.lower_bound).all()
    assert solution.lower_bound[0] <= solution.energy[0] * (1 - 1e-5) < 0


@pytest.mark.parametrize("solve", [theano_crf.energy, theano_crf.ssvm])
@pytest.mark.parametrize("labels, message", [
    (LABELS + 3, "holds the value 3; allowed are 0 to 2"),
    (LABELS - 1, "holds the value -1; allowed"),
    (LABELS[:, :3], r"shape \(1, 3, 5\); with unary \(1, 3, 4, 5\) it must be \(1, 4, 5\)"),
])
def test_labels(solve, labels, message):
    with pytest.raises(ValueError, match=message):
        solve(UNARY, WEIGHTS, labels)


def test_void_is_no_label_of_an_energy():
    with pytest.raises(ValueError, match="holds the value 255; allowed are 0 to 2"):
        theano_crf.energy(UNARY, WEIGHTS, LABELS + 255)


@pytest.mark.parametrize("solve", [theano_crf.energy, theano_crf.ssvm])
@pytest.mark.parametrize("added", [0.5, np.nan, np.inf])
def test_labels_that_are_no_whole_numbers(solve, added):
    with pytest.raises(TypeError, match="whole numbers"):
        solve(UNARY, WEIGHTS, LABELS + added)


def test_arrays_that_are_not_aligned():
    memory = np.zeros(UNARY.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(UNARY.shape)
    assert not memory.flags.aligned
    assert (theano_crf.dual_mm(memory, WEIGHTS).labels == 0).all()
    labels = np.zeros(LABELS.nbytes + 1, np.uint8)[1:].view(np.int32).reshape(LABELS.shape)
    assert (theano_crf.energy(memory, WEIGHTS, labels) == 0).all()


def test_types():
    with pytest.raises(TypeError, match="unary has dtype complex64; it must hold real numbers"):
        theano_crf.dual_mm(UNARY * 1j, WEIGHTS)
    with pytest.raises(TypeError, match="weights has dtype object"):
        theano_crf.dual_mm(UNARY, None)


@pytest.mark.parametrize("settings, message", [
    (dict(iterations=0), "iterations is 0"), (dict(iterations=1.5), "iterations is 1.5"),
    (dict(iterations=2 ** 63), "iterations is 9223372036854775808; it must be a whole number"),
    (dict(tolerance=10 ** 400), "tolerance is 1000"),
    (dict(decode="best"), "decode is 'best'; it must be one of argmin, viterbi, icm"),
    (dict(tolerance=-1), "tolerance is -1"), (dict(tolerance=np.nan), "tolerance is nan"),
])
def test_settings_of_dual_mm(settings, message):
    with pytest.raises(ValueError, match=message):
        theano_crf.dual_mm(UNARY, WEIGHTS, **settings)


@pytest.mark.parametrize("settings, message", [
    (dict(gamma=-0.1), "gamma is -0.1"), (dict(gamma="much"), "gamma is 'much'"),
    (dict(gamma=np.inf), "gamma is inf"), (dict(iterations=-1), "iterations is -1"),
    (dict(void=-1), "void is -1"), (dict(void=2 ** 32 + 1), "void is 4294967297; .* at most 2147483647"),
    (dict(gamma=1e39), r"gamma is 1e\+39"),
    (dict(gamma=np.ones((2, 2))), r"gamma has shape \(2, 2\); it must be a number, or with unary \(1, 3, 4, 5\) have"),
])
def test_settings_of_ssvm(settings, message):
    with pytest.raises(ValueError, match=message):
        theano_crf.ssvm(UNARY, WEIGHTS, LABELS, **settings)


@pytest.mark.parametrize("neighbours, message", [
    ((), "at least one"), (4, "it must be pairs"), ([(0, 1, 2)], "it must be pairs"), ([(0, 1.0)], "whole numbers"),
    ([(True, 0)], "whole numbers"), ([(0, 0)], "no neighbour of itself"), ([(0, -1)], r"from its other end, \(0, 1\)"),
    ([(-1, 2)], r"holds \(-1, 2\); .* other end, \(1, -2\)"), ([(2 ** 21, 0)], "within 1048576 pixels"),
    (((0, 1), (1, 0), (1, 1)), r"weights has shape \(1, 2, 4, 5\); with unary .* and 3 neighbours it must be")])
def test_neighbours(neighbours, message):
    for solve in (theano_crf.dual_mm, lambda *problem, **options: theano_crf.energy(*problem, LABELS, **options),
                  lambda *problem, **options: theano_crf.ssvm(*problem, LABELS, **options)):
        with pytest.raises(ValueError, match=message) as error:
            solve(UNARY, WEIGHTS, neighbours=neighbours)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("compatibility, message", [
    (np.ones((2, 2)), r"compatibility has shape \(2, 2\); with K = 3 labels and 2 neighbours it must be"),
    (np.ones((3, 3, 3)), "compatibility has shape"), (1.0, r"compatibility has shape \(\)"),
    (-np.ones((3, 3)), "compatibility holds the value -1.0; its entries must be from 0 to 1e30"),
    (np.full((3, 3), np.nan), "holds the value nan"), (np.full((2, 3, 3), 1e31), "holds the value 1e.31")])
def test_compatibilities(compatibility, message):
    for solve in (theano_crf.dual_mm, lambda *problem, **options: theano_crf.energy(*problem, LABELS, **options),
                  lambda *problem, **options: theano_crf.ssvm(*problem, LABELS, **options)):
        with pytest.raises(ValueError, match=message) as error:
            solve(UNARY, WEIGHTS, compatibility=compatibility)
        assert "\n" not in str(error.value)


def test_weights_times_compatibility_beyond_the_largest_cost():
    with pytest.raises(ValueError, match="weights times compatibility goes beyond 1e30"):
        theano_crf.dual_mm(UNARY, np.full_like(WEIGHTS, 1e20), compatibility=np.full((3, 3), 1e20))
    with pytest.raises(TypeError, match="compatibility has dtype <U1; it must hold real numbers"):
        theano_crf.dual_mm(UNARY, WEIGHTS, compatibility=np.full((3, 3), "a"))


@pytest.mark.parametrize("message, unary, weights", [
    ("unary holds NaN", with_entry(UNARY, np.nan), WEIGHTS), ("weights holds NaN", UNARY, with_entry(WEIGHTS, np.nan)),
    ("weights holds NaN, infinite or negative", UNARY, with_entry(WEIGHTS, -1)),
    ("some beyond 1e30", UNARY, with_entry(WEIGHTS, 1e31))])
def test_problems_with_a_compatibility(message, unary, weights):
    with pytest.raises(ValueError, match=message):
        theano_crf.dual_mm(unary, weights, compatibility=np.ones((3, 3)))


@pytest.mark.parametrize("decode", ["argmin", "viterbi", "icm"])
@pytest.mark.parametrize("mu", [None, np.ones((3, 3)), 1e20 * np.eye(3)])
def test_the_largest_costs_are_solved_in_any_neighbourhood(decode, mu):
    neighbours = ((0, 1), (1, 0), (2, -1))
    signs = np.random.default_rng(0).choice(np.float32([-1e30, 1e30]), (1, 3, 20, 33))
    weights = np.full((1, 3, 20, 33), 1e30 if mu is None or mu.max() == 1 else 1e10, np.float32)
    solution = theano_crf.dual_mm(signs, weights, 5, decode, neighbours=neighbours, compatibility=mu)
    assert np.isfinite(solution.energy).all() and np.isfinite(solution.lower_bound).all()
    assert (solution.lower_bound <= solution.energy + 1e-4 * abs(solution.energy)).all()


def test_margins():
    for gamma, message in ((-np.ones((3, 3)), "gamma holds the value -1.0"), (np.ones((2, 3, 3)), "gamma has shape"),
                           (np.full((3, 3), np.inf), "gamma holds the value inf")):
        with pytest.raises(ValueError, match=message):
            theano_crf.ssvm(UNARY, WEIGHTS, LABELS, gamma)
    with pytest.raises(TypeError, match="gamma has dtype"):
        theano_crf.ssvm(UNARY, WEIGHTS, LABELS, [["a"]])


def test_images():
    with pytest.raises(ValueError, match="divide 8-bit ones by 255"):
        theano_crf.contrast_weights(np.full((1, 3, 2, 2), 128.0))
    with pytest.raises(ValueError, match="image holds values"):
        theano_crf.contrast_weights(np.full((1, 3, 2, 2), np.nan))
    with pytest.raises(ValueError, match="image has shape"):
        theano_crf.contrast_weights(np.zeros((3, 2, 2)))
    with pytest.raises(ValueError, match="alpha is -1"):
        theano_crf.contrast_weights(np.zeros((1, 3, 2, 2)), alpha=-1)


def test_symbolic_builders_check_when_they_run():
    with pytest.raises(ValueError, match="weights does not fit unary"):
        graph.dual_mm(UNARY, WEIGHTS[:, :, :3]).labels.eval()
    with pytest.raises(ValueError, match="iterations must be at least 1"):
        graph.dual_mm(UNARY, WEIGHTS, iterations=0).labels.eval()
    with pytest.raises(ValueError, match="neither one of the K classes"):
        graph.energy(UNARY, WEIGHTS, LABELS + 3).eval()
    with pytest.raises(ValueError, match="neither one of the K classes"):
        graph.ssvm(UNARY, WEIGHTS, LABELS + 9).loss.eval()
    with pytest.raises(ValueError, match="labels do not fit unary"):
        graph.energy(UNARY, WEIGHTS, LABELS[:, :2]).eval()
    with pytest.raises(ValueError, match="withheld does not fit unary"):
        graph.half_step(UNARY, WEIGHTS, UNARY[:, :2], 0)[1].eval()
    with pytest.raises(ValueError, match="compatibility does not fit; with 3 labels and 2 neighbours"):
        graph.energy(UNARY, WEIGHTS, LABELS, compatibility=np.ones((2, 2))).eval()
    with pytest.raises(ValueError, match="compatibility must be from 0 to 1e30"):
        graph.dual_mm(UNARY, WEIGHTS, compatibility=-np.ones((3, 3))).labels.eval()
    with pytest.raises(ValueError, match="compatibility has 1 axes"):
        graph.dual_mm(UNARY, WEIGHTS, compatibility=np.ones(3))
    with pytest.raises(ValueError, match="gamma does not fit unary"):
        graph.ssvm(UNARY, WEIGHTS, LABELS, np.ones((2, 2))).loss.eval()
    with pytest.raises(ValueError, match="gamma must be from 0 to 1e30"):
        graph.ssvm(UNARY, WEIGHTS, LABELS, -np.ones((3, 3))).loss.eval()
    for floats in (dict(iterations=2.5), dict(iterations=T.fscalar())):
        with pytest.raises(TypeError, match="an input has dtype float(32|64); it must hold whole numbers: cast it to"):
            graph.dual_mm(UNARY, WEIGHTS, **floats)
    with pytest.raises(TypeError, match="an input has dtype float32; it must hold whole numbers: cast it to int32"):
        graph.ssvm(UNARY, WEIGHTS, T.ftensor3())
    with pytest.raises(ValueError, match="it must have 4"):
        graph.energy(UNARY[0], WEIGHTS, LABELS)
    with pytest.raises(ValueError, match="direction is 2"):
        graph.half_step(UNARY, WEIGHTS, UNARY, 2)


def test_channels_come_before_height_and_width():
    with pytest.raises(ValueError, match=r"image has shape \(1, 6, 7, 3\); it must be \(N, 3, H, W\), the channels"):
        theano_crf.contrast_weights(np.zeros((1, 6, 7, 3), np.float32))
