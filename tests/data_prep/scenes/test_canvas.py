"""Camera and canvas: places that a pinhole camera sees, haze, and pixels made of samples."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_prep.scenes.canvas import HEIGHT, SUPERSAMPLING, WIDTH, Camera, Canvas

CAMERA = Camera(focal=400.0, centre=230.0, horizon=160.0, height=1.5)


def canvas():
    return Canvas(CAMERA, haze=np.ones(3, dtype=np.float32), haze_distance=100.0)


def at(array, patch, row, column):
    box = patch.rows.stop - patch.rows.start, patch.columns.stop - patch.columns.start
    return np.broadcast_to(array, box)[row - patch.rows.start, column - patch.columns.start]


@settings(deadline=None)
@given(st.floats(-6, 6), st.floats(0, 5), st.floats(3, 50))
def test_planes_look_like_a_pinhole_camera_sees_them(x, v, z):
    assume(abs(x) > 0.5)
    column, row = 230 + 400 * x / z, 160 + 400 * (1.5 - v) / z
    assume(1 <= column < 479 and 1 <= row < 359)
    column, row = int(column), int(row)
    sample = z / 400  # metres that a sample is wide at this distance
    frontal = canvas().frontal((x - 1, x + 1), (v - 1, v + 1), z)
    assert at(frontal.u, frontal, row, column) == pytest.approx(x, abs=sample)
    assert at(frontal.v, frontal, row, column) == pytest.approx(v, abs=sample)
    lateral = canvas().lateral(x, (z - 1, z + 1), (0, 6))
    # Half a sample across moves the place on a wall along the road by Z^2 / (focal |X|).
    assert at(lateral.u, lateral, row, column) == pytest.approx(z, abs=z * sample / abs(x) + 0.01)
    nearby = at(lateral.u, lateral, row, column)
    height = 1.5 + (v - 1.5) * nearby / z
    assert at(lateral.v, lateral, row, column) == pytest.approx(height, abs=nearby / 400)


def test_the_ground_is_the_plane_below_the_camera():
    patch = canvas().ground()
    row, column = 159 + 120, 300
    depth = 400 * 1.5 / (row + 0.5 - 160)
    assert at(patch.v, patch, row, column) == pytest.approx(depth, rel=1e-5)
    assert at(patch.u, patch, row, column) == pytest.approx((column + 0.5 - 230) / 400 * depth, rel=1e-4)


def test_what_is_out_of_sight_has_no_patch():
    assert canvas().frontal((500, 510), (0, 1), 5) is None
    assert canvas().lateral(3, (1, 2), (0, 1)) is None
    assert canvas().ground_box((-1, 1), (0.1, 0.2)) is None


def test_haze_grows_with_distance():
    painted = canvas()
    for number, z in enumerate((1e-6, 100.0, 1e9)):
        patch = painted.frontal((-1e12, 1e12), (-1e12, 1e12), 1.0)._replace(depth=z)
        painted.paint(patch, np.arange(480)[np.newaxis] % 3 == number, np.zeros(3, dtype=np.float32), number)
    np.testing.assert_allclose(painted.colour[5, :3, 0], [0, 0.5, 1], atol=1e-6)
    np.testing.assert_array_equal(painted.label[5, :6], [0, 1, 2, 0, 1, 2])


def test_pixels_are_means_of_their_samples():
    painted = canvas()
    painted.colour[...] = np.random.default_rng(2).random(painted.colour.shape)
    pixels = painted.pixels()
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    for y, x in ((0, 0), (7, 30), (119, 159)):
        block = painted.colour[3 * y:3 * y + 3, 3 * x:3 * x + 3]
        np.testing.assert_allclose(pixels[y, x], block.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize("samples, bordered, label", [
    ([1] * 9, True, 1),
    ([1] * 7 + [2] * 2, True, 1),
    ([1] * 6 + [2] * 3, True, 255),
    ([1] * 6 + [2] * 3, False, 1),
    ([2] * 4 + [1] * 5, False, 1),
    ([1] * 4 + [2] * 3 + [3] * 2, False, 255),
    ([255] * 5 + [0] * 4, False, 255),
])
def test_a_pixel_gets_the_label_of_most_samples(samples, bordered, label):
    assert SUPERSAMPLING == 3
    painted = canvas()
    painted.label[6:9, 3:6] = np.reshape(samples, (3, 3))
    painted.bordered[8, 5] = bordered
    labels = painted.pixel_labels()
    assert labels.dtype == np.uint8 and labels[2, 1] == label
