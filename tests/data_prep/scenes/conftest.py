"""A camera, a canvas without haze, and a light, all known."""

import numpy as np
import pytest

from data_prep.scenes.canvas import Camera, Canvas
from data_prep.scenes.light import Light
from data_prep.scenes.textures import ValueNoise

ROAD = 0  # the label that is everywhere before something is painted


@pytest.fixture
def canvas():
    """A point (x, v, z) is at the column 230 + 400 x / z and the row 160 + 400 (1.5 - v) / z."""
    empty = Canvas(Camera(focal=400.0, centre=230.0, horizon=160.0, height=1.5), np.ones(3, np.float32), 1e12)
    empty.label[...] = ROAD
    return empty


@pytest.fixture
def light():
    return Light(left_wall=0.6, right_wall=1.1, front=0.9, shadow=0.5, slant=(0.0, 0.0),
                 zenith=np.array((0.2, 0.4, 0.8), np.float32), skyline=np.array((0.7, 0.8, 0.9), np.float32),
                 clouds=0.0, haze_distance=1e12)


@pytest.fixture
def noise():
    return ValueNoise(np.random.default_rng(0))
