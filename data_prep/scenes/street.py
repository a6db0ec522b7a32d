"""The street itself: sky, skyline, road, sidewalks, and the buildings along it."""

import numpy as np

from data_prep.scenes.classes import LABELS
from data_prep.scenes.textures import (between, chance, colour_near, grey, inside_box, pick, repeated)

ASPHALT = ((0.33, 0.33, 0.34), (0.42, 0.41, 0.40), (0.27, 0.28, 0.30), (0.48, 0.46, 0.44))
PAVING = ((0.52, 0.50, 0.48), (0.45, 0.45, 0.46), (0.58, 0.50, 0.45), (0.40, 0.37, 0.36))
GROUND = ((0.33, 0.42, 0.20), (0.42, 0.45, 0.25), (0.45, 0.38, 0.28), (0.28, 0.36, 0.18))
FACADES = ((0.62, 0.35, 0.27), (0.50, 0.33, 0.24), (0.80, 0.74, 0.60), (0.60, 0.58, 0.56), (0.72, 0.72, 0.70),
           (0.40, 0.40, 0.43), (0.78, 0.62, 0.42), (0.45, 0.50, 0.55), (0.55, 0.47, 0.36), (0.36, 0.30, 0.26))
GLASS = ((0.16, 0.19, 0.24), (0.30, 0.37, 0.45), (0.10, 0.10, 0.12), (0.55, 0.62, 0.70))


def paint_sky(canvas, light, noise):
    """The whole canvas: a gradient with clouds."""
    rows, columns = canvas.label.shape
    patch = canvas.frontal((-1e4, 1e4), (-1e4, 1e4), 1000.0)
    up = np.clip(patch.v / np.float32(1000.0 * canvas.camera.horizon / canvas.camera.focal), 0, 1)
    sky = light.skyline + (light.zenith - light.skyline) * grey(np.broadcast_to(up, (rows, columns)))
    clouds = np.clip(noise.rough(patch.u, patch.v * np.float32(2.5), 420.0) * 2, 0, 1) * np.float32(light.clouds)
    canvas.paint(patch._replace(depth=np.float32(0)), np.True_, sky + (np.float32(0.93) - sky) * grey(clouds),
                 LABELS["sky"])


def paint_ground(canvas, street, light_factor, noise, generator):
    """Road with its markings, sidewalks with kerbs, and the terrain beyond; darkened by `light_factor`."""
    patch = canvas.ground()
    x, z = patch.u, patch.v
    near = np.float32(1) / (np.float32(1) + z * np.float32(0.06))  # textures average out with distance
    grain = (noise.rough(x, z, 0.5) * near * np.float32(0.07) + noise(x, z, 4.0) * np.float32(0.05))
    half = np.float32(street.road)
    outer = [np.float32(edge) for edge in (street.road + street.sidewalk[0], street.road + street.sidewalk[1])]
    on_road = np.abs(x - np.float32(street.offset)) < half
    from_axis = x - np.float32(street.offset)
    on_sidewalk = ~on_road & (from_axis > -outer[0]) & (from_axis < outer[1])

    def paint(mask, colour, label, extra=0):
        shade = (np.float32(1) + grain + extra) * light_factor
        canvas.paint(patch, mask, colour * grey(shade), label)

    soil = noise.rough(z, x, 0.9) * np.float32(0.22)
    paint(~on_road & ~on_sidewalk, colour_near(generator, pick(generator, GROUND), 0.08), LABELS["terrain"], soil)
    tile = between(generator, 0.5, 1.2)
    joints = ((repeated(x, tile) < 0.07) | (repeated(z, tile) < 0.07)) * np.float32(-0.16) * near
    paving = pick(generator, PAVING) if chance(generator, 0.7) else street.asphalt
    paint(on_sidewalk, colour_near(generator, paving, 0.09), LABELS["sidewalk"], joints)
    kerb = on_sidewalk & (np.abs(from_axis) < half + np.float32(0.22))
    paint(kerb, colour_near(generator, (0.62, 0.61, 0.59), 0.08), LABELS["sidewalk"])
    worn = noise(x * 3, z * np.float32(0.15), 1.5) * np.float32(0.06)
    paint(on_road, colour_near(generator, street.asphalt, 0.05), LABELS["road"], worn)
    _paint_markings(paint, street, from_axis, z, on_road, generator)


def _paint_markings(paint, street, from_axis, z, on_road, generator):
    white = colour_near(generator, (0.80, 0.80, 0.77), 0.1)
    if chance(generator, 0.75):
        dash = between(generator, 3, 6)
        dashes = (repeated(z, dash * 1.8) < np.float32(0.55)) if chance(generator, 0.8) else np.True_
        paint(on_road & (np.abs(from_axis) < np.float32(0.09)) & dashes, white, LABELS["road"])
    if chance(generator, 0.4):
        edge = np.float32(street.road - 0.35)
        paint(on_road & (np.abs(np.abs(from_axis) - edge) < np.float32(0.07)), white, LABELS["road"])
    if chance(generator, 0.25):
        start = between(generator, 6, 20)
        crossing = (z > np.float32(start)) & (z < np.float32(start + 3)) & (repeated(from_axis, 1.0) < 0.5)
        paint(on_road & crossing, white, LABELS["road"])


def facade(u, v, height, noise, generator):
    """Colours of a facade at places u, v (metres): wall, windows in a grid, a ground floor, a cornice."""
    base = colour_near(generator, pick(generator, FACADES), 0.10)
    period, storey = between(generator, 1.8, 3.4), between(generator, 2.7, 3.6)
    width, rise = between(generator, 0.35, 0.7), between(generator, 0.4, 0.65)
    shade = np.float32(1) + noise.rough(u, v, 2.5) * np.float32(0.10) + noise(u, v, 0.35) * np.float32(0.06)
    if chance(generator, 0.5):
        shade = shade - (repeated(v, 0.3) < 0.2) * np.float32(0.10)  # courses of brick
    colour = base * grey(shade)
    across, up = repeated(u, period), repeated(v, storey)
    from_axis, from_middle = np.abs(across - np.float32(0.5)), np.abs(up - np.float32(0.52))
    frame = colour_near(generator, (0.75, 0.73, 0.70), 0.2)
    glass = colour_near(generator, pick(generator, GLASS), 0.06)
    lit = noise(np.floor(u / np.float32(period)) * 7, np.floor(v / np.float32(storey)) * 5, 1.0)
    pane = glass * grey(np.float32(1) + lit * np.float32(0.6) + (up - np.float32(0.5)) * np.float32(0.5))
    upstairs = v > np.float32(storey)
    wall_of_windows = (from_axis < width / 2 + 0.04) & (from_middle < rise / 2 + 0.03) & upstairs
    colour = np.where(grey(wall_of_windows) > 0, frame, colour)
    colour = np.where(grey((from_axis < width / 2) & (from_middle < rise / 2) & upstairs) > 0, pane, colour)
    if chance(generator, 0.6):  # shops
        shop = colour_near(generator, pick(generator, FACADES), 0.2)
        colour = np.where(grey(v <= np.float32(storey)) > 0, shop * grey(shade), colour)
        colour = np.where(grey((from_axis < 0.36) & (v > 0.5) & (v < storey * 0.72)) > 0, pane, colour)
    colour = np.where(grey(v > np.float32(height - 0.5)) > 0, base * np.float32(0.72), colour)
    return colour


def paint_building(canvas, light, x, z_range, height, noise, generator):
    """A house whose wall stands along the road at X = x from Z = z_range[0] to z_range[1], and its near gable."""
    seed_of_facade = int(generator.random() * 2 ** 31)
    bordered = chance(generator, 0.5)
    depth = between(generator, 8, 14)
    side = 1 if x > 0 else -1
    roof = between(generator, 1.5, 4) if chance(generator, 0.4) else 0.0
    wall = canvas.lateral(x, z_range, (0, height))
    if wall is not None:
        mask = inside_box(wall.u, wall.v, z_range[0], z_range[1], 0, height)
        colour = facade(wall.u, wall.v, height, noise, np.random.default_rng(seed_of_facade))
        canvas.paint(wall, mask, colour * np.float32(light.wall(x)), LABELS["building"], bordered)
    ends = sorted((x, x + side * depth))
    gable = canvas.frontal(ends, (0, height + roof), z_range[0])
    if gable is not None:
        middle, half = (ends[0] + ends[1]) / 2, depth / 2
        slope = height + roof * (1 - np.abs(gable.u - np.float32(middle)) / np.float32(half))
        mask = (gable.u >= ends[0]) & (gable.u < ends[1]) & (gable.v >= 0) & (gable.v < slope)
        colour = facade(gable.u, gable.v, height + roof, noise, np.random.default_rng(seed_of_facade))
        canvas.paint(gable, mask, colour * np.float32(light.front), LABELS["building"], bordered)


def paint_skyline(canvas, light, noise, generator):
    """What closes the street far away: houses and trees side by side."""
    x, z = -90.0, between(generator, 60, 110)
    while x < 90:
        width, height = between(generator, 8, 22), between(generator, 6, 26)
        green = chance(generator, 0.35)
        patch = canvas.frontal((x, x + width), (0, height * 1.3), z)
        if patch is not None:
            if green:
                top = np.float32(height * 0.5) + noise(patch.u, np.float32(z), 4.0) * np.float32(height * 0.3)
                shade = light.front + noise.rough(patch.u, patch.v, 1.5) * np.float32(0.4)
                colour = colour_near(generator, (0.25, 0.34, 0.17), 0.08) * grey(shade)
                mask = (patch.v >= 0) & (patch.v < top) & (patch.u >= x) & (patch.u < x + width)
                canvas.paint(patch, mask, colour, LABELS["vegetation"])
            else:
                colour = facade(patch.u, patch.v, height, noise, generator) * np.float32(light.front)
                canvas.paint(patch, inside_box(patch.u, patch.v, x, x + width, 0, height), colour,
                             LABELS["building"])
        x += width
