"""Light, weather and shadows of a scene."""

from typing import NamedTuple, Tuple

import numpy as np

from data_prep.scenes.textures import between, chance, colour_near, pick


class Light(NamedTuple):
    """Brightness of surfaces, direction of shadows, and colours of the sky.

    `left_wall`, `right_wall` and `front` are the brightness of surfaces, `shadow` is that of shaded ground, all as
    factors. A shadow reaches `slant` (X, Z) metres per metre of its object's height.
    """

    left_wall: float
    right_wall: float
    front: float
    shadow: float
    slant: Tuple[float, float]
    zenith: np.ndarray
    skyline: np.ndarray
    clouds: float
    haze_distance: float

    def wall(self, x):
        """Return the brightness of a wall along the road at X = x, which faces the road."""
        return self.left_wall if x < 0 else self.right_wall


SKIES = (  # colour overhead, colour at the horizon, clouds
    ((0.30, 0.50, 0.80), (0.72, 0.82, 0.92), 0.3),
    ((0.42, 0.60, 0.82), (0.80, 0.84, 0.86), 0.7),
    ((0.62, 0.65, 0.70), (0.80, 0.81, 0.82), 0.5),
    ((0.80, 0.81, 0.83), (0.90, 0.90, 0.89), 0.2),
    ((0.40, 0.43, 0.58), (0.90, 0.70, 0.52), 0.6),
)


def draw_light(generator):
    """Draw a random light."""
    zenith, skyline, clouds = pick(generator, SKIES)
    sunny = chance(generator, 0.6)
    side = pick(generator, (-1, 1))  # of the road, on which the sun stands
    slant = -side * between(generator, 0.2, 0.9), between(generator, -0.5, 0.5)
    bright, dark = (between(generator, 1.0, 1.15), between(generator, 0.55, 0.75)) if sunny else (0.9, 0.85)
    return Light(left_wall=dark if side < 0 else bright, right_wall=bright if side < 0 else dark,
                 front=between(generator, 0.65, 1.05),
                 shadow=between(generator, 0.45, 0.65) if sunny else 0.85,
                 slant=slant if sunny else (0, 0),
                 zenith=colour_near(generator, zenith, 0.06), skyline=colour_near(generator, skyline, 0.06),
                 clouds=clouds * between(generator, 0.3, 1.2), haze_distance=between(generator, 60, 400))


class Shadows:
    """Factors of light on the ground, lowered by the objects' shadows before anything is painted."""

    def __init__(self, canvas, light):
        self.canvas, self.light = canvas, light
        self.patch = canvas.ground()
        self.factor = np.ones(np.broadcast(self.patch.u, self.patch.v).shape, dtype=np.float32)

    def cast(self, x, z, half_width, half_length, height):
        """Darken the ground that an object at (x, z) shades, from below it to the end of its shadow."""
        for share in (0.0, 0.35, 0.7, 1.0):
            reach = share * height
            self._darken(x + self.light.slant[0] * reach, z + self.light.slant[1] * reach,
                         half_width * 1.1, half_length * 1.1 + 0.05)
            if self.light.slant == (0, 0):
                return

    def cast_wall(self, x, z_range, height):
        """Darken the strip that a wall along the road shades, if the sun stands behind it."""
        reach = self.light.slant[0] * height
        if x * reach >= 0:
            return
        ends = sorted((x, x + reach))
        box = self.canvas.ground_box(ends, z_range)
        if box is not None:
            u, v = self.patch.u[box], self.patch.v[box[0]]
            self._shade(box, (u > ends[0]) & (u < ends[1]) & (v > z_range[0]) & (v < z_range[1]))

    def _darken(self, x, z, half_width, half_length):
        box = self.canvas.ground_box((x - half_width, x + half_width), (z - half_length, z + half_length))
        if box is None or z < 1:
            return
        across = (self.patch.u[box] - x) / half_width
        along = (self.patch.v[box[0]] - z) / half_length
        self._shade(box, across * across + along * along < 1)

    def _shade(self, box, mask):
        self.factor[box][mask] = self.light.shadow
