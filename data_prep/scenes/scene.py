"""A whole scene: the places of its objects, the order of painting, and the camera's blur and noise."""

import zlib
from typing import NamedTuple, Tuple

import numpy as np

from data_prep.scenes import roadside, street, traffic
from data_prep.scenes.canvas import HEIGHT, SUPERSAMPLING, WIDTH, Camera, Canvas
from data_prep.scenes.light import Shadows, draw_light
from data_prep.scenes.textures import ValueNoise, between, chance, pick

NEAREST, FARTHEST = 4.0, 60.0  # metres ahead of the camera
FARTHEST_SMALL = 30.0  # of signs, people and the like, which are specks beyond


class Street(NamedTuple):
    """Layout of the street; lengths are in metres, pairs are (left, right)."""

    road: float  # half its width
    verge: Tuple[float, float]  # widths
    sidewalk: Tuple[float, float]  # widths
    offset: float  # X of the road's axis
    asphalt: Tuple[float, float, float]


def draw_scene(seed, split, index):
    """Draw one scene.

    Parameters
    ----------
    seed : int
    split : str
    index : int
        The scene follows from seed, split and index alone, on every machine.

    Returns
    -------
    image : (HEIGHT, WIDTH, 3) uint8 array
        RGB.
    labels : (HEIGHT, WIDTH) uint8 array
        Training labels, 255 = void.
    """
    generator = np.random.default_rng([seed, zlib.crc32(split.encode("utf-8")), index])
    light, noise = draw_light(generator), ValueNoise(generator)
    canvas = Canvas(_draw_camera(generator), light.skyline, light.haze_distance)
    layout = _draw_street(generator)
    things = _draw_things(generator, layout)
    shadows = Shadows(canvas, light)
    for thing in things:
        thing.shade(shadows)
    street.paint_sky(canvas, light, noise)
    street.paint_skyline(canvas, light, noise, generator)
    street.paint_ground(canvas, layout, shadows.factor, noise, generator)
    for thing in sorted(things, key=lambda thing: -thing.far):
        thing.paint(canvas, light, noise, generator)
    if chance(generator, 0.3):
        traffic.paint_hood(canvas, generator)
    return _photograph(canvas.pixels(), generator), canvas.pixel_labels()


class _Thing(NamedTuple):
    """An object at (x, z)."""

    painter: object
    x: float
    z: float
    shadow: Tuple[float, float, float]  # half the width, half the length and the height that cast it

    @property
    def far(self):
        return self.z

    def shade(self, shadows):
        shadows.cast(self.x, self.z + self.shadow[1], *self.shadow)

    def paint(self, canvas, light, noise, generator):
        self.painter(canvas, light, self.x, self.z, noise, generator)


class _Row(NamedTuple):
    """An object that stretches along the road at X = x."""

    painter: object
    x: float
    z_range: Tuple[float, float]
    height: float

    @property
    def far(self):
        return self.z_range[1]

    def shade(self, shadows):
        shadows.cast_wall(self.x, self.z_range, self.height)

    def paint(self, canvas, light, noise, generator):
        self.painter(canvas, light, self.x, self.z_range, self.height, noise, generator)


def _draw_camera(generator):
    rows, columns = HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING
    return Camera(focal=columns * between(generator, 0.75, 0.95),
                  centre=columns * between(generator, 0.35, 0.65),
                  horizon=rows * between(generator, 0.38, 0.5),
                  height=between(generator, 1.4, 1.9))


def _draw_street(generator):
    road = between(generator, 3.0, 5.5)
    verge = tuple(between(generator, 0.8, 2.5) if chance(generator, 0.3) else 0.0 for _ in range(2))
    sidewalk = tuple(between(generator, 1.5, 4) for _ in range(2))
    return Street(road, verge, sidewalk, between(generator, -0.6, 0.6) * (road - 1.2),
                  pick(generator, street.ASPHALT))


def _draw_things(generator, layout):
    things = []
    for side, verge, sidewalk in zip((-1, 1), layout.verge, layout.sidewalk):
        kerb, width = layout.offset + side * layout.road, verge + sidewalk
        things += _draw_rows(generator, kerb + side * width, side)
        things += _draw_sidewalk(generator, kerb, side, width)
    return things + _draw_traffic(generator, layout)


def _draw_rows(generator, x, side):
    """Draw houses, hedges, fences and gardens, one after the other along a side of the road."""
    rows, z = [], between(generator, 1.5, 6)
    while z < FARTHEST:
        length = between(generator, 5, 16)
        ends = z, z + length
        kind = pick(generator, ("house", "house", "house", "hedge", "fence", "fence", "fence", "open"))
        away = x + side * between(generator, 2, 5)
        if kind == "house":
            rows.append(_Row(street.paint_building, x + side * between(generator, 0.2, 1.0), ends,
                             between(generator, 5, 15)))
        elif kind == "hedge":
            rows.append(_Row(roadside.paint_hedge, x + side * 0.3, ends, between(generator, 0.8, 2.4)))
        elif kind == "fence":
            rows.append(_Row(roadside.paint_fence, x + side * 0.2, ends, between(generator, 0.9, 2.0)))
        if kind in ("hedge", "fence") and chance(generator, 0.5):
            rows.append(_Row(street.paint_building, away + side * 2, ends, between(generator, 4, 10)))
        elif kind != "house":
            rows += [_Thing(roadside.paint_tree, away, ends[0] + length * share, (1.5, 1.5, 5.0))
                     for share in (0.2, 0.7) if chance(generator, 0.7)]
        z = ends[1] + (between(generator, 0, 4) if chance(generator, 0.3) else 0)
    return rows


SIDEWALK_THINGS = (  # painter, share of the places, size of the shadow
    (roadside.paint_lamp, 0.16, (0.1, 0.1, 6.0)),
    (roadside.paint_sign, 0.26, (0.1, 0.1, 2.5)),
    (roadside.paint_traffic_light, 0.06, (0.15, 0.15, 3.0)),
    (roadside.paint_tree, 0.10, (1.2, 1.2, 5.0)),
    (roadside.paint_box, 0.06, (0.3, 0.3, 1.0)),
    (traffic.paint_person, 0.36, (0.25, 0.2, 1.7)),
)


def _draw_sidewalk(generator, kerb, side, width):
    things, z = [], between(generator, NEAREST, 9)
    while z < FARTHEST_SMALL:
        place, share = generator.random(), 0.0
        for painter, probability, shadow in SIDEWALK_THINGS:
            share += probability
            if place < share:
                across = 0.4 if painter is not traffic.paint_person else between(generator, 0.3, width - 0.3)
                things.append(_Thing(painter, kerb + side * across, z, shadow))
                break
        z += between(generator, 1.5, 7)
    return things


def _draw_traffic(generator, layout):
    things = []

    def add(painter, x, z, *shadow):
        things.append(_Thing(painter, x, z, shadow))

    for side in (-1, 1):
        parked, z = chance(generator, 0.5), between(generator, NEAREST, 12)
        while parked and z < 40:
            if chance(generator, 0.7):
                add(traffic.paint_car, layout.offset + side * (layout.road - 1.1), z, 1.0, 2.2, 1.4)
            z += between(generator, 5.5, 8)
        lane, z = layout.offset + side * layout.road * 0.35, between(generator, 7, 40)
        if not parked and chance(generator, 0.75):
            add(traffic.paint_car, lane, z, 1.0, 2.2, 1.4)
        if chance(generator, 0.55):
            x = lane + between(generator, -1, 1)
            add(traffic.paint_rider, x, between(generator, 5, 18), 0.3, 0.8, 1.6)
    if chance(generator, 0.2):
        add(traffic.paint_crossing_car, between(generator, -8, 4), between(generator, 15, 40), 2.2, 0.9, 1.4)
    if chance(generator, 0.25):
        add(traffic.paint_person, between(generator, -3, 3), between(generator, 7, 20), 0.25, 0.2, 1.7)
    return things


def _photograph(colour, generator):
    """Photograph a scene's colours: exposure, tint, a little blur, noise, 8 bits."""
    gain = between(generator, 0.75, 1.25) * np.array([between(generator, 0.93, 1.07) for _ in range(3)])
    colour = colour * gain.astype(np.float32)
    blur = between(generator, 0.02, 0.18)
    for axis in (0, 1):
        before, after = np.roll(colour, 1, axis), np.roll(colour, -1, axis)
        first, last = ((slice(0, 1), slice(-1, None)) if axis == 0 else
                       (np.s_[:, 0:1], np.s_[:, -1:]))
        before[first], after[last] = colour[first], colour[last]
        colour = colour + blur * (before + after - colour - colour)
    strength = between(generator, 0.004, 0.012)
    # The sum of three uniform numbers is nearly normally distributed; the factor 2 makes its standard deviation 1.
    bell = (generator.random((3,) + colour.shape).sum(axis=0) - 1.5).astype(np.float32) * 2
    noise = bell * strength * np.sqrt(0.3 + np.clip(colour, 0, 1))
    return np.clip((colour + noise) * 255 + 0.5, 0, 255).astype(np.uint8)
