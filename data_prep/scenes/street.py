"""The street itself: sky, skyline, road, sidewalks, and the buildings along it."""

import numpy as np

from data_prep.scenes.classes import LABELS
from data_prep.scenes.textures import between, chance, colour_near, grey, inside_box, pick, repeated

ASPHALT = ((0.33, 0.33, 0.34), (0.42, 0.41, 0.40), (0.27, 0.28, 0.30), (0.48, 0.46, 0.44))
PAVING = ((0.52, 0.50, 0.48), (0.45, 0.45, 0.46), (0.58, 0.50, 0.45), (0.40, 0.37, 0.36))
GROUND = ((0.33, 0.42, 0.20), (0.42, 0.45, 0.25), (0.45, 0.38, 0.28), (0.28, 0.36, 0.18))
FACADES = ((0.62, 0.35, 0.27), (0.50, 0.33, 0.24), (0.80, 0.74, 0.60), (0.60, 0.58, 0.56), (0.72, 0.72, 0.70),
           (0.40, 0.40, 0.43), (0.78, 0.62, 0.42), (0.45, 0.50, 0.55), (0.55, 0.47, 0.36), (0.36, 0.30, 0.26))
CLOUD = 0.93
GLASS = ((0.16, 0.19, 0.24), (0.30, 0.37, 0.45), (0.10, 0.10, 0.12), (0.55, 0.62, 0.70))


def paint_sky(canvas, light, noise):
    """Paint the sky above the horizon: a gradient with clouds."""
    patch = canvas.frontal((-1e4, 1e4), (0, 1e4), 1000.0)
    up = np.clip(patch.v / (1000.0 * canvas.camera.horizon / canvas.camera.focal), 0, 1)
    gradient = light.skyline + (light.zenith - light.skyline) * grey(up)
    clouds = np.clip(noise.rough(patch.u, patch.v * 2.5, 420.0) * 2, 0, 1) * light.clouds
    sky = gradient + (CLOUD - gradient) * grey(clouds)
    canvas.paint(patch._replace(depth=0), np.True_, sky, LABELS["sky"])


def paint_ground(canvas, street, light_factor, noise, generator):
    """Paint road, markings, kerbs, sidewalks, verges and the terrain beyond, all darkened by `light_factor`."""
    patch = canvas.ground()
    x, z = patch.u - street.offset, patch.v
    near = 1 / (1 + z * 0.06)  # textures average out with distance
    shade = noise.rough(x, z, 0.5) * near * 0.10 + noise(x, z, 4.0) * 0.06 + 1
    label = np.full(x.shape, LABELS["terrain"], dtype=np.uint8)
    colour = np.empty(x.shape + (3,), dtype=np.float32)
    colour[...] = colour_near(generator, pick(generator, GROUND), 0.08)

    def lay(mask, name, material):
        label[mask] = LABELS[name]
        colour[mask] = material

    tile = between(generator, 0.5, 1.2)
    joints = ((repeated(x, tile) < 0.07) | (repeated(z, tile) < 0.07)) * near * -0.16
    paving = pick(generator, PAVING) if chance(generator, 0.7) else street.asphalt
    paving = colour_near(generator, paving, 0.09)
    kerbstone = colour_near(generator, (0.62, 0.61, 0.59), 0.08)
    for side, verge, sidewalk in zip((-1, 1), street.verge, street.sidewalk):
        across = x * side - street.road
        lay((across > 0) & (across < verge + sidewalk), "sidewalk", paving)
        grass = colour_near(generator, pick(generator, GROUND), 0.08)
        lay((across > 0.2) & (across < verge), "terrain", grass)
        lay((across > 0) & (across < 0.2), "sidewalk", kerbstone)
    lay(np.abs(x) < street.road, "road", colour_near(generator, street.asphalt, 0.05))
    for marking in _markings(street, x, z, generator):
        colour[marking & (label == LABELS["road"])] = colour_near(generator, (0.78, 0.78, 0.75), 0.1)
    soil = noise.rough(z, x, 0.9) * 0.25
    shade = shade + np.where(label == LABELS["terrain"], soil, 0)
    shade = shade + np.where(label == LABELS["sidewalk"], joints, 0)
    canvas.paint(patch, np.True_, colour * grey(shade * light_factor), label)


def _markings(street, x, z, generator):
    """Yield masks of the lines on the road; x is measured from its axis."""
    if chance(generator, 0.75):
        dash = between(generator, 3, 6)
        dashes = (repeated(z, dash * 1.8) < 0.55) if chance(generator, 0.8) else np.True_
        yield (np.abs(x) < 0.09) & dashes
    if chance(generator, 0.4):
        yield np.abs(np.abs(x) - street.road + 0.35) < 0.07
    if chance(generator, 0.25):
        start = between(generator, 6, 20)
        yield (z > start) & (z < start + 3) & (repeated(x, 1.0) < 0.5)


def facade(u, v, height, noise, generator):
    """Return a facade's colours at places u, v (metres): wall, windows in a grid, a ground floor, a cornice."""
    base = colour_near(generator, pick(generator, FACADES), 0.10)
    period, storey = between(generator, 1.8, 3.4), between(generator, 2.7, 3.6)
    width, rise = between(generator, 0.35, 0.7), between(generator, 0.4, 0.65)
    shade = 1 + noise(u, v, 2.5) * 0.08 + noise(u, v, 0.35) * 0.08
    if chance(generator, 0.5):
        shade = shade - (repeated(v, 0.3) < 0.2) * 0.10  # courses of brick
    colour = base * grey(shade)
    across, up = repeated(u, period), repeated(v, storey)
    from_axis, from_middle = np.abs(across - 0.5), np.abs(up - 0.52)
    frame = colour_near(generator, (0.75, 0.73, 0.70), 0.2)
    glass = colour_near(generator, pick(generator, GLASS), 0.06)
    lit = noise(np.floor(u / period) * 7, np.floor(v / storey) * 5, 1.0)
    pane = glass * grey(1 + lit * 0.6 + (up - 0.5) * 0.5)
    upstairs = v > storey
    framed = (from_axis < width / 2 + 0.04) & (from_middle < rise / 2 + 0.03) & upstairs
    glazed = (from_axis < width / 2) & (from_middle < rise / 2) & upstairs
    colour[framed] = frame
    colour[glazed] = pane[glazed]
    if chance(generator, 0.6):  # shops
        street_level = np.broadcast_to(v <= storey, glazed.shape)
        window = (from_axis < 0.36) & (v > 0.5) & (v < storey * 0.72)
        shop = colour_near(generator, pick(generator, FACADES), 0.2)
        colour[street_level] = shop * grey(shade[street_level])
        colour[window] = pane[window]
    colour[np.broadcast_to(v > height - 0.5, glazed.shape)] = base * 0.72  # cornice
    return colour


def paint_building(canvas, light, x, z_range, height, noise, generator):
    """Paint a house: its wall along the road at X = x over `z_range`, and its near gable."""
    seed_of_facade = int(generator.random() * 2 ** 31)
    bordered = chance(generator, 0.5)
    depth = between(generator, 8, 14)
    side = 1 if x > 0 else -1
    roof = between(generator, 1.5, 4) if chance(generator, 0.4) else 0.0
    wall = canvas.lateral(x, z_range, (0, height))
    if wall is not None:
        mask = inside_box(wall.u, wall.v, z_range[0], z_range[1], 0, height)
        colour = facade(wall.u, wall.v, height, noise, np.random.default_rng(seed_of_facade))
        canvas.paint(wall, mask, colour * light.wall(x), LABELS["building"], bordered)
    ends = sorted((x, x + side * depth))
    gable = canvas.frontal(ends, (0, height + roof), z_range[0])
    if gable is not None:
        middle, half = (ends[0] + ends[1]) / 2, depth / 2
        slope = height + roof * (1 - np.abs(gable.u - middle) / half)
        mask = (gable.u >= ends[0]) & (gable.u < ends[1]) & (gable.v >= 0) & (gable.v < slope)
        colour = facade(gable.u, gable.v, height + roof, noise, np.random.default_rng(seed_of_facade))
        canvas.paint(gable, mask, colour * light.front, LABELS["building"], bordered)


def paint_skyline(canvas, light, noise, generator):
    """Paint the far end of the street: houses and trees side by side."""
    x, z = -90.0, between(generator, 60, 110)
    while x < 90:
        width, height = between(generator, 8, 22), between(generator, 6, 26)
        green = chance(generator, 0.35)
        patch = canvas.frontal((x, x + width), (0, height), z)
        if patch is not None:
            if green:
                top = height * (0.5 + noise(patch.u, z, 4.0) * 0.3)
                shade = light.front + noise.rough(patch.u, patch.v, 1.5) * 0.4
                colour = colour_near(generator, (0.25, 0.34, 0.17), 0.08) * grey(shade)
                mask = (patch.v >= 0) & (patch.v < top) & (patch.u >= x) & (patch.u < x + width)
                canvas.paint(patch, mask, colour, LABELS["vegetation"])
            else:
                colour = facade(patch.u, patch.v, height, noise, generator) * light.front
                canvas.paint(patch, inside_box(patch.u, patch.v, x, x + width, 0, height), colour,
                             LABELS["building"])
        x += width
