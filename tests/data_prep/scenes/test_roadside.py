"""Objects beside the road: of their class, where they stand, as large as they are."""

import numpy as np
import pytest

from data_prep.scenes import roadside
from data_prep.scenes.classes import LABELS
from tests.data_prep.scenes.conftest import ROAD

VOID = 255
OBJECTS = [  # painter, its labels, metres to either side at most, metres above the ground at most
    (roadside.paint_tree, {"vegetation"}, 4.7, 11.6), (roadside.paint_lamp, {"pole"}, 2.2, 8.0),
    (roadside.paint_sign, {"pole", "traffic sign"}, 0.6, 3.5),
    (roadside.paint_traffic_light, {"pole", "traffic sign"}, 0.3, 4.0), (roadside.paint_box, {"void"}, 0.45, 1.4)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("painter, names, half_width, height", OBJECTS)
def test_an_object_has_its_labels_and_keeps_within_its_size(canvas, light, noise, painter, names, half_width, height,
                                                            seed):
    painter(canvas, light, -1.0, 12.0, noise, np.random.default_rng(seed))
    painted = canvas.label != ROAD
    assert set(canvas.label[painted]) == {dict(LABELS, void=VOID)[name] for name in names}
    rows, columns = np.nonzero(painted)
    foot = 160 + 400 * 1.5 / 12
    assert foot - 3 <= rows.max() <= foot + 1, "it stands on the ground"
    assert rows.min() >= foot - 400 * height / 12 - 1
    middle = 230 - 400 / 12
    assert np.abs(columns - middle).max() <= 400 * half_width / 12 + 1
    assert (canvas.colour[painted] > 0).any() and not canvas.colour[~painted].any()


@pytest.mark.parametrize("painter", [row[0] for row in OBJECTS])
def test_out_of_sight_nothing_is_painted(canvas, light, noise, painter):
    painter(canvas, light, 500.0, 12.0, noise, np.random.default_rng(0))
    assert (canvas.label == ROAD).all() and not canvas.colour.any()


@pytest.mark.parametrize("side", [-1, 1])
def test_a_lamps_arm_is_over_the_road(canvas, light, noise, side):
    roadside.paint_lamp(canvas, light, side * 2.0, 20.0, noise, np.random.default_rng(0))
    columns = np.nonzero(canvas.label == LABELS["pole"])[1]
    inwards = side * (230 + side * 400 * 2 / 20 - columns)
    assert inwards.max() > 400 * 0.8 / 20 and inwards.min() > -400 * 0.3 / 20


@pytest.mark.parametrize("painter, name, highest", [(roadside.paint_hedge, "vegetation", 1.4),
                                                    (roadside.paint_fence, "fence", 1.0)])
def test_hedge_and_fence_line_the_road(canvas, light, noise, painter, name, highest):
    painter(canvas, light, 3.0, (8.0, 16.0), 1.2, noise, np.random.default_rng(0))
    rows, columns = np.nonzero(canvas.label == LABELS[name])
    assert set(np.unique(canvas.label)) == {ROAD, LABELS[name]}
    # from x = 3 at 16 m to x = 3 at 8 m
    assert columns.min() == pytest.approx(230 + 400 * 3 / 16, abs=2)
    assert columns.max() == pytest.approx(230 + 400 * 3 / 8, abs=2)
    for row, column in list(zip(rows, columns))[::97]:
        z = 400 * 3 / (column + 0.5 - 230)
        above = 1.5 - (row + 0.5 - 160) * z / 400
        assert -0.05 < above < 1.2 * highest + 0.05
