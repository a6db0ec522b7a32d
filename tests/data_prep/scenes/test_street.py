"""Sky, ground and buildings: at the places that a pinhole camera gives them."""

import numpy as np
import pytest

from data_prep.scenes import street
from data_prep.scenes.classes import LABELS
from data_prep.scenes.scene import Street
from tests.data_prep.scenes.conftest import ROAD

LAYOUT = Street(road=3.0, verge=(1.0, 0.0), sidewalk=(2.0, 2.0), offset=0.5, asphalt=street.ASPHALT[0])


def test_a_sky_without_clouds_goes_from_the_skyline_to_the_zenith(canvas, light, noise):
    street.paint_sky(canvas, light, noise)
    assert (canvas.label[:159] == LABELS["sky"]).all() and (canvas.label[163:] == ROAD).all()
    for row in (0, 60, 150):
        share = (159.5 - row) / 160  # of the way from the horizon to the image's upper edge
        assert canvas.colour[row, 77] == pytest.approx(light.skyline * (1 - share) + light.zenith * share, abs=0.005)


def ground_name(x):
    """Name the ground at a distance from the road's axis, left of it less than 0."""
    if abs(x) < 3:
        return "road"
    if x < 0:  # kerb, verge, sidewalk
        return "sidewalk" if -3.2 < x or -6 < x <= -4 else "terrain"
    return "sidewalk" if x < 5 else "terrain"


def test_each_place_on_the_ground_has_its_label(canvas, noise):
    street.paint_ground(canvas, LAYOUT, np.float32(1), noise, np.random.default_rng(0))
    patch, checked = canvas.ground(), set()
    generator = np.random.default_rng(1)
    for row, column in zip(generator.integers(10, 190, 400), generator.integers(0, 480, 400)):
        x = float(np.broadcast_to(patch.u, (199, 480))[row, column]) - 0.5
        if min(abs(x - border) for border in (-6, -4, -3.2, -3, 3, 5)) > 0.01:
            name = ground_name(x)
            assert canvas.label[161 + row, column] == LABELS[name], x
            checked.add(name)
    assert checked == {"road", "sidewalk", "terrain"} and (canvas.label[:160] == ROAD).all()


def test_shadows_darken_the_ground(canvas, noise):
    colours = []
    for factor in (1.0, 0.25):
        street.paint_ground(canvas, LAYOUT, np.float32(factor), noise, np.random.default_rng(2))
        colours.append(canvas.colour[161:].copy())
    np.testing.assert_allclose(colours[1], colours[0] / 4, rtol=1e-4)


def test_a_facade_ends_in_a_cornice_of_one_colour(noise):
    u, v = np.arange(0, 12, 0.1, np.float32)[np.newaxis], np.arange(0, 8, 0.1, np.float32)[:, np.newaxis]
    colour = street.facade(u, v, 8.0, noise, np.random.default_rng(0))
    assert colour.shape == (80, 120, 3) and len(np.unique(colour[76:].reshape(-1, 3), axis=0)) == 1
    assert len(np.unique(colour[:75].reshape(-1, 3), axis=0)) > 1000


@pytest.mark.parametrize("side", [-1, 1])
def test_a_building_stands_at_its_side_of_the_road(canvas, light, noise, side):
    street.paint_building(canvas, light, side * 4.0, (10.0, 20.0), 6.0, noise, np.random.default_rng(0))
    building = canvas.label == LABELS["building"]
    column = 230 + side * 400 * 4 // 15  # of the wall, 15 m ahead
    assert building[120, column] and building[190, column]  # 3 m and 0.4 m above the ground
    assert not building[13, column] and not building[210, column]  # 7 m above, and below the ground
    assert not building[:, 230 - side * 100].any() and building.any()


@pytest.mark.parametrize("seed", range(4))
def test_the_skyline_closes_the_street(canvas, light, noise, seed):
    street.paint_skyline(canvas, light, noise, np.random.default_rng(seed))
    painted = canvas.label[163]  # 0.6 to 1 m above the ground
    assert set(np.unique(painted)) <= {LABELS["building"], LABELS["vegetation"]}
    assert (canvas.label[172:] == ROAD).all()
