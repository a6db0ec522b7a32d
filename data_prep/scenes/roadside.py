"""Objects beside the road: trees, hedges, fences, poles, signs, lamps, traffic lights, boxes."""

import numpy as np

from data_prep.scenes.classes import LABELS
from data_prep.scenes.textures import (between, chance, colour_near, grey, inside_box, inside_capsule, inside_ellipse,
                                       inside_trapezoid, pick, repeated)
from data_prep.store.metadata import VOID

LEAVES = ((0.24, 0.34, 0.14), (0.32, 0.38, 0.16), (0.18, 0.28, 0.14), (0.50, 0.40, 0.16), (0.45, 0.28, 0.15),
          (0.30, 0.33, 0.22))
TIMBER = ((0.45, 0.33, 0.22), (0.36, 0.28, 0.22), (0.55, 0.50, 0.44), (0.28, 0.33, 0.26), (0.70, 0.68, 0.65),
          (0.42, 0.43, 0.45))
METAL = ((0.45, 0.46, 0.47), (0.30, 0.31, 0.33), (0.62, 0.63, 0.63), (0.22, 0.27, 0.25), (0.16, 0.16, 0.17))
SIGN_COLOURS = ((0.70, 0.10, 0.12), (0.12, 0.25, 0.60), (0.85, 0.70, 0.10), (0.86, 0.86, 0.84),
                (0.10, 0.40, 0.25))


def paint_tree(canvas, light, x, z, noise, generator):
    """Paint a tree: a trunk, and a crown of several round masses with gaps between the leaves."""
    height, radius = between(generator, 4.5, 9), between(generator, 1.2, 2.6)
    patch = canvas.frontal((x - radius * 1.8, x + radius * 1.8), (0, height + radius), z)
    if patch is None:
        return
    u, v = patch.u - x, patch.v
    bark = colour_near(generator, (0.30, 0.24, 0.19), 0.07)
    lean = between(generator, -0.3, 0.3)
    trunk = inside_capsule(u, v, (0, 0), (lean, height - radius), between(generator, 0.12, 0.25)) & (v > 0)
    stripes = light.front * (0.9 + noise(u, v, 0.2) * 0.25)
    canvas.paint(patch, trunk, bark * grey(stripes), LABELS["vegetation"])
    ragged = noise.rough(u + x, v, 0.9) * 0.55
    inside = np.zeros(np.broadcast(u, v).shape, dtype=bool)
    for _ in range(6):
        centre_u = between(generator, -0.8, 0.8) * radius
        centre_v = height - radius + between(generator, -0.7, 0.7) * radius
        size = between(generator, 0.5, 0.85) * radius
        across, up = (u - centre_u) / size, (v - centre_v) / size
        inside |= across * across + up * up + ragged < 1
    top = (v - height + 2 * radius) / (3 * radius)
    sun = np.clip(-u * light.slant[0] / radius, -0.3, 0.3)
    shade = 0.62 + top * 0.45 + sun + noise.rough(u, v, 0.55) * 0.55
    leaves = colour_near(generator, pick(generator, LEAVES), 0.06) * grey(np.clip(shade, 0.25, 1.6))
    gaps = noise(u * 2, v * 2, 0.7) > between(generator, 0.55, 0.9)
    bordered = chance(generator, 0.5)
    canvas.paint(patch, inside & ~gaps, leaves, LABELS["vegetation"], bordered)


def paint_hedge(canvas, light, x, z_range, height, noise, generator):
    """Paint a hedge along the road at X = x."""
    patch = canvas.lateral(x, z_range, (0, height * 1.4))
    if patch is None:
        return
    top = height * (1 + noise(patch.u, 0.3, 0.8) * 0.3)
    mask = inside_box(patch.u, patch.v, *z_range, 0, height * 1.4) & (patch.v < top)
    shade = 0.6 + patch.v / height * 0.5
    shade = (shade + noise.rough(patch.u, patch.v, 0.3) * 0.6) * light.wall(x)
    leaves = colour_near(generator, pick(generator, LEAVES), 0.06) * grey(np.clip(shade, 0.2, 1.6))
    canvas.paint(patch, mask, leaves, LABELS["vegetation"], chance(generator, 0.5))


def paint_fence(canvas, light, x, z_range, height, noise, generator):
    """Paint a fence along the road at X = x, of boards, pickets or bars, with the background between them."""
    patch = canvas.lateral(x, z_range, (0, height))
    if patch is None:
        return
    u, v = patch.u, patch.v
    whole = inside_box(u, v, *z_range, 0, height)
    period, share = pick(generator, ((0.35, 1.0), (0.5, 0.6), (0.7, 0.3)))
    place = repeated(u, period)
    rails = (np.abs(v - height * 0.2) < 0.06) | (np.abs(v - height * 0.85) < 0.06)
    shade = (0.95 - (place > share * 0.85) * 0.25 + noise(u, v * 0.2, 0.3) * 0.15) * light.wall(x)
    colour = colour_near(generator, pick(generator, TIMBER), 0.08) * grey(np.broadcast_to(shade, whole.shape))
    if share < 1:
        behind = colour_near(generator, (0.25, 0.27, 0.22), 0.1)
        canvas.paint(patch, whole, behind * grey(np.broadcast_to(shade, whole.shape)), LABELS["fence"])
    canvas.paint(patch, whole & ((place < share) | rails), colour, LABELS["fence"], chance(generator, 0.5))


def _post(canvas, light, x, z, height, width, generator):
    """Paint a vertical post; return its colour, or None where it is out of sight."""
    patch = canvas.frontal((x - width, x + width), (0, height), z)
    if patch is None:
        return None
    colour = colour_near(generator, pick(generator, METAL), 0.06)
    u = (patch.u - x) / (width / 2)
    mask = inside_box(u, patch.v, -1, 1, 0, height)
    shade = light.front * (1.1 - np.abs(u - 0.3) * 0.4)
    canvas.paint(patch, mask, colour * grey(np.broadcast_to(shade, mask.shape)), LABELS["pole"])
    return colour


def paint_lamp(canvas, light, x, z, noise, generator):
    """Paint a street lamp: a tall post with an arm over the road."""
    height = between(generator, 4.5, 7.5)
    colour = _post(canvas, light, x, z, height, between(generator, 0.16, 0.26), generator)
    reach = between(generator, 0.8, 1.8) * (-1 if x > 0 else 1)
    ends = sorted((x, x + reach))
    patch = canvas.frontal((ends[0] - 0.3, ends[1] + 0.3), (height - 0.5, height + 0.5), z)
    if colour is None or patch is None:
        return
    arm = inside_capsule(patch.u, patch.v, (x, height - 0.1), (x + reach, height + 0.15), 0.08)
    head = inside_ellipse(patch.u, patch.v, x + reach, height + 0.12, 0.35, 0.14)
    canvas.paint(patch, arm | head, colour * light.front, LABELS["pole"])


def paint_sign(canvas, light, x, z, noise, generator):
    """Paint a traffic sign on its post: round, triangular, square or a diamond, with a rim and a mark."""
    height, radius = between(generator, 2.1, 2.9), between(generator, 0.36, 0.58)
    if _post(canvas, light, x, z, height, between(generator, 0.09, 0.14), generator) is None:
        return
    patch = canvas.frontal((x - radius, x + radius), (height - radius, height + radius), z)
    if patch is None:
        return
    u, v = (patch.u - x) / radius, (patch.v - height) / radius
    shape = pick(generator, ("round", "triangle", "square", "diamond"))
    outer, inner = _sign_face(shape, u, v, 1.0), _sign_face(shape, u, v, 0.72)
    rim, face = pick(generator, SIGN_COLOURS), pick(generator, SIGN_COLOURS)
    bar, spot = inside_box(u, v, -0.35, 0.35, -0.12, 0.12), inside_ellipse(u, v, 0, 0, 0.2, 0.35)
    mark = pick(generator, SIGN_COLOURS)
    canvas.paint(patch, outer, colour_near(generator, rim, 0.06) * light.front, LABELS["traffic sign"],
                 chance(generator, 0.3))
    canvas.paint(patch, inner, colour_near(generator, face, 0.06) * light.front)
    canvas.paint(patch, inner & (bar if chance(generator, 0.5) else spot), colour_near(generator, mark, 0.06))


def _sign_face(shape, u, v, scale):
    if shape == "round":
        return inside_ellipse(u, v, 0, 0, scale, scale)
    if shape == "triangle":
        return inside_trapezoid(u, v, 0, -0.6 * scale, 0.95 * scale, 1.0 * scale, 0.05)
    if shape == "square":
        return inside_box(u, v, -0.85 * scale, 0.85 * scale, -0.85 * scale, 0.85 * scale)
    return np.abs(u) + np.abs(v) < scale


def paint_traffic_light(canvas, light, x, z, noise, generator):
    """Paint a traffic light: three lamps in a dark box on a post."""
    height = between(generator, 2.6, 3.4)
    if _post(canvas, light, x, z, height, between(generator, 0.12, 0.18), generator) is None:
        return
    patch = canvas.frontal((x - 0.3, x + 0.3), (height - 0.5, height + 0.6), z)
    if patch is None:
        return
    u, v = patch.u - x, patch.v - height
    dark = colour_near(generator, (0.10, 0.11, 0.11), 0.05)
    canvas.paint(patch, inside_box(u, v, -0.24, 0.24, -0.5, 0.55), dark, LABELS["traffic sign"])
    lit = int(generator.random() * 3)
    lamps = ((0.36, (0.95, 0.15, 0.10)), (0.03, (0.95, 0.65, 0.10)), (-0.30, (0.15, 0.85, 0.45)))
    for number, (centre, colour) in enumerate(lamps):
        canvas.paint(patch, inside_ellipse(u, v, 0, centre, 0.14, 0.14),
                     np.array(colour, dtype=np.float32) * (1.0 if number == lit else 0.25))


def paint_box(canvas, light, x, z, noise, generator):
    """Paint a litter bin, a cabinet or a mailbox, which have no class and are void."""
    half, height = between(generator, 0.25, 0.45), between(generator, 0.8, 1.4)
    patch = canvas.frontal((x - half, x + half), (0, height), z)
    if patch is None:
        return
    shade = light.front * (0.8 + patch.v / height * 0.3)
    mask = inside_box(patch.u, patch.v, x - half, x + half, 0, height)
    colour = colour_near(generator, pick(generator, METAL + SIGN_COLOURS), 0.05)
    canvas.paint(patch, mask, colour * grey(np.broadcast_to(shade, mask.shape)), VOID)
