"""Random draws, noise and shapes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.scenes.textures import (ValueNoise, between, chance, colour_near, grey, inside_box, inside_capsule,
                                       inside_ellipse, inside_trapezoid, pick, repeated)

NOISE = ValueNoise(np.random.default_rng(0))


class Numbers:
    """Gives the numbers of a list in the place of random ones."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def random(self):
        return self.numbers.pop(0)


def test_draws_follow_from_one_number_each():
    assert between(Numbers(0.25), 2, 4) == 2.5
    assert [pick(Numbers(number), "abc") for number in (0, 0.33, 0.34, 0.67, 0.999)] == list("aabcc")
    assert chance(Numbers(0.29), 0.3) and not chance(Numbers(0.3), 0.3)


def test_a_colour_near_moves_as_a_whole_and_by_channel_and_stays_visible():
    colour = colour_near(Numbers(1.0, 0.5, 0.0, 1.0), (0.5, 0.5, 0.95), 0.1)  # 0.1 up; then 0, -0.05 and 0.05
    np.testing.assert_allclose(colour, [0.6, 0.55, 0.98], atol=1e-6)
    assert colour.dtype == np.float32


def test_grey_multiplies_colours():
    assert (grey([[1, 2]]) * np.ones(3) == [[[1, 1, 1], [2, 2, 2]]]).all()


def noise_twin(u, v, period):
    """Bilinear interpolation with smoothed shares, one place at a time."""
    column, row = int(np.floor(u / period)), int(np.floor(v / period))
    across, down = u / period - column, v / period - row
    across, down = (share * share * (3 - 2 * share) for share in (across, down))
    corner = [[NOISE.values[(row + y) % 64, (column + x) % 64] for x in (0, 1)] for y in (0, 1)]
    upper, lower = (line[0] * (1 - across) + line[1] * across for line in corner)
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize("u_whole", [False, True])
@pytest.mark.parametrize("v_whole", [False, True])
def test_noise_is_interpolation_whatever_the_shapes(u_whole, v_whole):
    generator = np.random.default_rng(1)
    u = generator.random((4, 6) if u_whole else (1, 6)).astype(np.float32) * 50 - 20
    v = generator.random((4, 6) if v_whole else (4, 1)).astype(np.float32) * 50 - 20
    for across, up in ((u, v), (v.T, u.T)):
        expected = [[noise_twin(float(a), float(b), 0.7) for a, b in zip(*line)]
                    for line in zip(*np.broadcast_arrays(across, up))]
        np.testing.assert_allclose(NOISE(across, up, 0.7), expected, atol=1e-4)


@given(st.floats(-100, 100), st.floats(-100, 100))
def test_rough_noise_stays_in_its_range(u, v):
    assert -1 <= NOISE.rough(np.full((1, 1), u, np.float32), np.full((1, 1), v, np.float32), 1.3) <= 1


def test_shapes():
    u, v = np.arange(-2, 3.0)[np.newaxis], np.arange(2, -3.0, -1)[:, np.newaxis]
    drawn = {
        "box": inside_box(u, v, -1, 2, 0, 2),
        "ellipse": inside_ellipse(u, v, 0, 0, 2.1, 1.1),
        "capsule": inside_capsule(u, v, (-1, -1), (1, 1), 0.5),
        "trapezoid": inside_trapezoid(u, v, 0, -1, 2, 2.5, 0.6),
    }
    expected = {
        "box": [".....", ".###.", ".###.", ".....", "....."],
        "ellipse": [".....", "..#..", "#####", "..#..", "....."],
        "capsule": [".....", "...#.", "..#..", ".#...", "....."],
        "trapezoid": [".....", ".###.", ".###.", "#####", "....."],
    }
    for name, rows in expected.items():
        assert ["".join(".#"[int(inside)] for inside in row) for row in drawn[name]] == rows, name


def test_repeated_is_the_place_in_its_period():
    np.testing.assert_allclose(repeated(np.array([-0.5, 0, 1.5, 3.9]), 2.0), [0.75, 0, 0.75, 0.95])
