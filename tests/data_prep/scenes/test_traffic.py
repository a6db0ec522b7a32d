"""Cars, people and bicyclists: of their class, where they are, as large as they are."""

import numpy as np
import pytest

from data_prep.scenes import traffic
from data_prep.scenes.classes import LABELS
from tests.data_prep.scenes.conftest import ROAD

VOID = 255
OBJECTS = [  # painter, its label, metres to the left and to the right at most, metres above the ground at most
    (traffic.paint_car, "car", 1.0, 1.0, 2.5), (traffic.paint_crossing_car, "car", 0.0, 4.8, 2.5),
    (traffic.paint_person, "person", 0.6, 0.6, 1.9), (traffic.paint_rider, "rider", 1.1, 1.1, 1.9)]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("painter, name, left, right, height", OBJECTS)
def test_it_has_its_label_and_keeps_within_its_size(canvas, light, noise, painter, name, left, right, height, seed):
    painter(canvas, light, 0.0, 10.0, noise, np.random.default_rng(seed))
    rows, columns = np.nonzero(canvas.label == LABELS[name])
    assert set(np.unique(canvas.label)) == {ROAD, LABELS[name]}
    foot = 160 + 400 * 1.5 / 10
    assert foot - 4 <= rows.max() <= foot + 1, "it stands on the ground"
    assert foot - 400 * height / 10 - 1 <= rows.min() <= foot - 400 * 0.9 / 10
    assert columns.min() >= 230 - 40 * left - 2 and columns.max() <= 230 + 40 * right + 2


@pytest.mark.parametrize("painter", [row[0] for row in OBJECTS])
def test_out_of_sight_nothing_is_painted(canvas, light, noise, painter):
    painter(canvas, light, 500.0, 10.0, noise, np.random.default_rng(0))
    assert (canvas.label == ROAD).all() and not canvas.colour.any()


@pytest.mark.parametrize("side", [-1, 1])
def test_of_a_car_beside_the_cameras_way_the_inner_side_is_seen(canvas, light, noise, side):
    traffic.paint_car(canvas, light, side * 3.0, 6.0, noise, np.random.default_rng(0))
    columns = np.nonzero(canvas.label == LABELS["car"])[1]
    inwards = side * (230 + side * 400 * 3 / 6 - columns)  # samples from the axis of its near end towards the middle
    # the near end is at most 0.975 m wide to either side; its side vanishes towards the middle, 3.8 m further on
    assert inwards.max() > 400 * (3 / 6 - 2.15 / 9.8) - 5


def test_the_hood_is_void_at_the_lower_edge(canvas):
    for seed in range(5):
        canvas.label[...] = ROAD
        traffic.paint_hood(canvas, np.random.default_rng(seed))
        assert set(np.unique(canvas.label)) == {ROAD, VOID} and (canvas.label[:323] == ROAD).all()
        assert (canvas.label[-1] == VOID).sum() > 300
        widths = (canvas.label == VOID).sum(axis=1)
        assert (np.diff(widths) >= 0).all()
