"""Light and shadows: the side of the sun, and each sample of the ground held against the shape that shades it."""

import numpy as np
import pytest

from data_prep.scenes.light import Shadows, draw_light


def test_the_sun_lights_the_wall_that_shadows_point_to():
    lights = [draw_light(np.random.default_rng(seed)) for seed in range(100)]
    sunny = [light for light in lights if light.slant != (0, 0)]
    assert 40 < len(sunny) < 80
    for light in sunny:
        assert (light.slant[0] < 0) == (light.left_wall > light.right_wall)
    assert all(0 < light.shadow < 1 for light in lights)
    assert min(light.shadow for light in lights if light not in sunny) > max(light.shadow for light in sunny)


def test_a_wall_has_the_brightness_of_its_side(light):
    assert light.wall(-3.0) == 0.6 and light.wall(3.0) == 1.1


def ground(shadows):
    """Return the places X, Z of all samples of the ground, and which of them are shaded."""
    x, z = np.broadcast_arrays(shadows.patch.u, shadows.patch.v)
    assert set(np.unique(shadows.factor)) <= {np.float32(0.5), np.float32(1)}
    return x, z, shadows.factor < 1


@pytest.mark.parametrize("x, z", [(0.0, 9.0), (-2.5, 6.0), (3.0, 30.0)])
def test_under_a_grey_sky_an_object_shades_what_is_below_it(canvas, light, x, z):
    shadows = Shadows(canvas, light)
    shadows.cast(x, z, 1.0, 2.0, 1.5)
    across, along, shaded = ground(shadows)
    assert shaded.any()
    assert (shaded == (((across - x) / 1.1) ** 2 + ((along - z) / 2.25) ** 2 < 1)).all()


def test_in_the_sun_a_shadow_reaches_as_far_as_its_slant(canvas, light):
    shadows = Shadows(canvas, light._replace(slant=(0.5, 0.25)))
    shadows.cast(0.0, 10.0, 0.4, 0.4, 4.0)  # of 4 m: to (2, 11)
    across, along, shaded = ground(shadows)
    assert shaded[np.hypot(across - 2, along - 11) < 0.3].all() and shaded[np.hypot(across, along - 10) < 0.3].all()
    assert not shaded[np.hypot(across + 2, along - 9) < 1].any() and across[shaded].max() < 2.5


@pytest.mark.parametrize("slant, ends", [(-0.5, (2.0, 4.0)), (0.5, None)])
def test_a_wall_shades_the_road_where_the_sun_stands_behind_it(canvas, light, slant, ends):
    shadows = Shadows(canvas, light._replace(slant=(slant, 0.0)))
    shadows.cast_wall(4.0, (8.0, 12.0), 4.0)
    across, along, shaded = ground(shadows)
    if ends is None:
        assert not shaded.any()
    else:
        assert shaded.any()
        assert (shaded == ((across > ends[0]) & (across < ends[1]) & (along > 8) & (along < 12))).all()
