"""Cars, pedestrians and bicyclists."""

import numpy as np

from data_prep.scenes.classes import LABELS
from data_prep.scenes.textures import (between, chance, colour_near, grey, inside_box, inside_capsule, inside_ellipse,
                                       inside_trapezoid, pick)
from data_prep.store.metadata import VOID

PAINTS = ((0.75, 0.76, 0.77), (0.45, 0.46, 0.48), (0.25, 0.26, 0.28), (0.10, 0.10, 0.11), (0.85, 0.85, 0.84),
          (0.55, 0.12, 0.12), (0.15, 0.24, 0.45), (0.20, 0.33, 0.25), (0.62, 0.55, 0.42), (0.42, 0.30, 0.22))
CLOTHES = ((0.12, 0.13, 0.16), (0.20, 0.24, 0.36), (0.55, 0.15, 0.16), (0.75, 0.73, 0.70), (0.42, 0.40, 0.36),
           (0.30, 0.36, 0.24), (0.70, 0.55, 0.25), (0.35, 0.22, 0.30), (0.45, 0.52, 0.60))
SKIN = ((0.78, 0.60, 0.48), (0.62, 0.44, 0.33), (0.42, 0.29, 0.22), (0.85, 0.68, 0.56))
HAIR = ((0.10, 0.08, 0.07), (0.30, 0.20, 0.12), (0.55, 0.42, 0.25), (0.50, 0.49, 0.48))
TYRE = np.array((0.07, 0.07, 0.08), dtype=np.float32)
WINDOW = np.array((0.13, 0.16, 0.19), dtype=np.float32)


class _Car:
    """Measures and colours of one car, in metres."""

    def __init__(self, generator):
        self.van = chance(generator, 0.2)
        self.length, self.width = between(generator, 3.8, 4.8), between(generator, 1.7, 1.95)
        self.height = between(generator, 1.9, 2.5) if self.van else between(generator, 1.4, 1.65)
        self.belt = self.height * (0.52 if self.van else between(generator, 0.56, 0.62))
        self.paint = colour_near(generator, pick(generator, PAINTS), 0.07)
        self.bordered = chance(generator, 0.5)
        self.oncoming = chance(generator, 0.4)


def paint_car(canvas, light, x, z, noise, generator):
    """Paint a car that faces along the road: its near end, and its side unless it stands straight ahead."""
    car = _Car(generator)
    side = x + car.width / 2 if x < 0 else x - car.width / 2
    if side * x > 0 and abs(side) > 0.3:
        patch = canvas.lateral(side, (z, z + car.length), (0, car.height))
        if patch is not None:
            _paint_side(canvas, patch, patch.u - z, car, light.wall(x), noise)
    patch = canvas.frontal((x - car.width / 2, x + car.width / 2), (0, car.height), z)
    if patch is not None:
        _paint_end(canvas, patch, patch.u - x, car, light.front, noise)


def paint_crossing_car(canvas, light, x, z, noise, generator):
    """Paint a car across the road, seen from its side."""
    car = _Car(generator)
    patch = canvas.frontal((x, x + car.length), (0, car.height), z)
    if patch is not None:
        _paint_side(canvas, patch, patch.u - x, car, light.front, noise)


def _paint_side(canvas, patch, u, car, brightness, noise):
    v, length = patch.v, car.length
    slant = 0.25 if car.van else 0.75
    middle = length * (0.5 if car.van else 0.47)
    half = length * (0.49 if car.van else 0.40)
    hood = np.minimum(np.minimum(u, length - u) * 1.2, 0.12)
    body = inside_box(u, v, 0, length, 0.28, car.belt) & (v < car.belt - 0.12 + hood)
    cabin = inside_trapezoid(u, v, middle, car.belt - 0.02, car.height, half, half - slant)
    windows = inside_trapezoid(u, v, middle, car.belt + 0.03, car.height - 0.1, half - 0.25,
                               half - slant - 0.1)
    pillars = np.abs(u - middle) < 0.06
    shine = 0.85 + v / car.height * 0.3 + noise(u, v, 0.8) * 0.05
    doors = (np.abs(np.abs(u - middle) - 0.85) < 0.025) & (v > 0.35)
    shade = np.broadcast_to((shine - doors * 0.3) * brightness, np.broadcast(u, v).shape)
    canvas.paint(patch, body | cabin, car.paint * grey(shade), LABELS["car"], car.bordered)
    glass = WINDOW * grey(shade * (1 + (v - car.belt) * 1.2))
    canvas.paint(patch, windows & ~pillars, glass)
    for centre in (0.8, length - 0.85):
        canvas.paint(patch, inside_ellipse(u, v, centre, 0.33, 0.34, 0.34), TYRE, LABELS["car"], car.bordered)
        canvas.paint(patch, inside_ellipse(u, v, centre, 0.33, 0.19, 0.19), 0.45 * brightness)


def _paint_end(canvas, patch, u, car, brightness, noise):
    v, half = patch.v, car.width / 2
    shine = 0.8 + v / car.height * 0.3 + noise(u, v, 0.9) * 0.04
    shade = np.broadcast_to(shine * brightness, np.broadcast(u, v).shape)
    tyres = inside_box(np.abs(u), v, half - 0.28, half - 0.05, 0.02, 0.5)
    canvas.paint(patch, tyres, TYRE, LABELS["car"], car.bordered)
    body = inside_trapezoid(u, v, 0, 0.25, car.belt, half, half - 0.04)
    roof = half - (0.15 if car.van else 0.32)
    cabin = inside_trapezoid(u, v, 0, car.belt - 0.02, car.height, half - 0.06, roof)
    canvas.paint(patch, body | cabin, car.paint * grey(shade), LABELS["car"], car.bordered)
    window = inside_trapezoid(u, v, 0, car.belt + 0.04, car.height - 0.1, half - 0.18, roof - 0.1)
    canvas.paint(patch, window, WINDOW * grey(shade * (1 + (v - car.belt))))
    lamp = (0.92, 0.90, 0.80) if car.oncoming else (0.60, 0.08, 0.07)
    lamps = inside_box(np.abs(u), v, half - 0.42, half - 0.08, car.belt - 0.28, car.belt - 0.12)
    canvas.paint(patch, lamps, np.array(lamp, dtype=np.float32) * brightness)
    canvas.paint(patch, inside_box(u, v, -half, half, 0.25, 0.42), car.paint * 0.55 * brightness)
    canvas.paint(patch, inside_box(u, v, -0.27, 0.27, 0.45, 0.58), 0.8 * brightness)


def paint_person(canvas, light, x, z, noise, generator):
    """Paint a person who walks or stands."""
    height = between(generator, 1.5, 1.9) if chance(generator, 0.85) else between(generator, 1.0, 1.4)
    patch = canvas.frontal((x - 0.6, x + 0.6), (0, height), z)
    if patch is None:
        return
    u, v = (patch.u - x) / height, patch.v / height
    stride, lean = between(generator, 0.01, 0.14), between(generator, -0.02, 0.02)
    shade = light.front * (0.95 + noise(u, v, 0.08) * 0.18)
    trousers, coat = (colour_near(generator, pick(generator, CLOTHES), 0.06) for _ in range(2))
    bordered = chance(generator, 0.4)

    def paint(mask, colour):
        shaded = colour * grey(np.broadcast_to(shade, mask.shape))
        canvas.paint(patch, mask, shaded, LABELS["person"], bordered)

    hem = between(generator, 0.30, 0.50)
    for foot in (-stride, stride):
        paint(inside_capsule(u, v, (lean + foot * 0.3, 0.5), (foot, 0.03), 0.045), trousers)
        paint(inside_capsule(u, v, (foot - 0.01, 0.015), (foot + 0.03, 0.015), 0.025), TYRE)
    paint(inside_trapezoid(u, v, lean, hem, 0.84, between(generator, 0.085, 0.12), 0.11), coat)
    paint(inside_ellipse(u, v, lean, 0.80, 0.125, 0.05), coat)
    for shoulder in (-1, 1):
        hand = lean + shoulder * between(generator, 0.11, 0.17), between(generator, 0.44, 0.52)
        paint(inside_capsule(u, v, (lean + shoulder * 0.11, 0.79), hand, 0.03), coat * 0.85)
    _paint_head(paint, u, v, lean, 0.925, 0.062, generator)


def _paint_head(paint, u, v, centre_u, centre_v, radius, generator):
    skin, hair = (colour_near(generator, pick(generator, colours), 0.04) for colours in (SKIN, HAIR))
    paint(inside_ellipse(u, v, centre_u, centre_v, radius * 0.85, radius * 1.1), skin)
    hairline = centre_v + between(generator, -0.6, 0.5) * radius
    skull = inside_ellipse(u, v, centre_u, centre_v + 0.005, radius * 0.95, radius * 1.15)
    paint(skull & (v > hairline), hair)


def paint_rider(canvas, light, x, z, noise, generator):
    """Paint a bicyclist who rides along or across the road."""
    patch = canvas.frontal((x - 1.1, x + 1.1), (0, 1.9), z)
    if patch is None:
        return
    u, v = patch.u - x, patch.v
    shade = light.front * (0.95 + noise(u, v, 0.15) * 0.18)
    frame = colour_near(generator, pick(generator, PAINTS), 0.08)
    trousers, jacket = (colour_near(generator, pick(generator, CLOTHES), 0.06) for _ in range(2))
    bordered = chance(generator, 0.4)

    def paint(mask, colour):
        shaded = colour * grey(np.broadcast_to(shade, mask.shape))
        canvas.paint(patch, mask, shaded, LABELS["rider"], bordered)

    if chance(generator, 0.5):
        u = u * pick(generator, (-1, 1))
        for hub in (-0.52, 0.52):  # the background between the spokes is labelled too
            canvas.paint(patch, inside_ellipse(u, v, hub, 0.35, 0.36, 0.36), None, LABELS["rider"], bordered)
        _paint_rider_across(paint, u, v, frame, trousers, jacket, generator)
    else:
        _paint_rider_along(paint, u, v, frame, trousers, jacket, generator)


def _paint_rider_across(paint, u, v, frame, trousers, jacket, generator):
    for hub in (-0.52, 0.52):
        tyre = inside_ellipse(u, v, hub, 0.35, 0.36, 0.36) & ~inside_ellipse(u, v, hub, 0.35, 0.27, 0.27)
        paint(tyre, TYRE)
    tubes = (((-0.52, 0.35), (-0.12, 0.38)), ((-0.12, 0.38), (-0.25, 0.90)), ((-0.25, 0.80), (0.38, 0.82)),
             ((-0.12, 0.38), (0.38, 0.80)), ((0.52, 0.35), (0.38, 0.98)))
    for start, end in tubes:
        paint(inside_capsule(u, v, start, end, 0.045), frame)
    knee = 0.15 + between(generator, -0.1, 0.1), between(generator, 0.68, 0.85)
    paint(inside_capsule(u, v, (-0.22, 0.98), knee, 0.10), trousers)
    paint(inside_capsule(u, v, knee, (-0.08, 0.28), 0.075), trousers)
    paint(inside_capsule(u, v, (-0.22, 1.02), (0.08, 1.45), 0.17), jacket)
    paint(inside_capsule(u, v, (0.10, 1.42), (0.40, 1.05), 0.06), jacket * 0.85)
    _paint_head(paint, u, v, 0.18, 1.70, 0.12, generator)


def _paint_rider_along(paint, u, v, frame, trousers, jacket, generator):
    paint(inside_box(u, v, -0.05, 0.05, 0, 0.70), TYRE)
    paint(inside_box(u, v, -0.30, 0.30, 1.0, 1.06), frame)
    for side, low in ((-1, 0.22), (1, between(generator, 0.3, 0.5))):
        paint(inside_capsule(u, v, (side * 0.10, 0.95), (side * 0.15, low), 0.08), trousers)
        paint(inside_capsule(u, v, (side * 0.17, 1.42), (side * 0.28, 1.05), 0.06), jacket * 0.85)
    paint(inside_trapezoid(u, v, 0, 0.9, 1.5, 0.17, 0.22), jacket)
    _paint_head(paint, u, v, 0, 1.66, 0.12, generator)


def paint_hood(canvas, generator):
    """Paint the hood of the car that carries the camera, which is void."""
    rows, columns = canvas.label.shape
    height, middle = between(generator, 0.05, 0.10), columns * between(generator, 0.4, 0.6)
    patch = canvas.frontal((-1e3, 1e3), (-1e3, 1e3), 1.0)
    column = (np.arange(columns, dtype=np.float32) - middle) / (columns * 0.62)
    row = (np.arange(rows, dtype=np.float32)[:, np.newaxis] - rows) / (rows * height)
    shade = 0.6 - row * 0.5 + column[np.newaxis] * 0.2
    paint = colour_near(generator, pick(generator, PAINTS), 0.05)
    mask = column * column + row * row < 1
    canvas.paint(patch._replace(depth=0), mask, paint * grey(shade), VOID)
