"""Noise, patterns and shapes that are functions of places on a plane."""

import numpy as np

LATTICE = 64  # the noise repeats after this many lattice points


def between(generator, low, high):
    """A random number in [low, high)."""
    return low + (high - low) * generator.random()


def pick(generator, choices):
    """One of `choices`."""
    return choices[int(generator.random() * len(choices))]


def chance(generator, probability):
    """True with the given probability."""
    return generator.random() < probability


def colour_near(generator, colour, spread):
    """A colour near `colour`: common brightness and each channel moved by up to `spread` and half of it."""
    brightness = between(generator, -spread, spread)
    channels = [channel + brightness + between(generator, -spread / 2, spread / 2) for channel in colour]
    return np.clip(np.array(channels, dtype=np.float32), 0.02, 0.98)


class ValueNoise:
    """Smooth noise in [-1, 1] over the plane: random values on a lattice, interpolated."""

    def __init__(self, generator):
        self.values = (generator.random((LATTICE, LATTICE)) * 2 - 1).astype(np.float32)

    def __call__(self, u, v, period):
        """Noise at places u, v (arrays that broadcast) with lattice points `period` apart."""
        rows, next_rows, along_rows = _lattice(v, period)
        columns, next_columns, along_columns = _lattice(u, period)
        upper = _mix(self.values[rows, columns], self.values[rows, next_columns], along_columns)
        lower = _mix(self.values[next_rows, columns], self.values[next_rows, next_columns], along_columns)
        return _mix(upper, lower, along_rows)

    def rough(self, u, v, period):
        """The same with two finer octaves; in [-1, 1]."""
        return (self(u, v, period) * np.float32(4) + self(v, u, period * 0.43) * np.float32(2)
                + self(u, v, period * 0.17)) / np.float32(7)


def _lattice(place, period):
    scaled = np.asarray(place / np.float32(period), dtype=np.float32)
    floor = np.floor(scaled)
    along = scaled - floor
    first = floor.astype(np.int64) % LATTICE
    return first, (first + 1) % LATTICE, along * along * (np.float32(3) - np.float32(2) * along)


def _mix(first, second, share):
    return first + (second - first) * share


def repeated(place, period):
    """Where in its period a place lies, in [0, 1)."""
    scaled = place / np.float32(period)
    return scaled - np.floor(scaled)


def inside_box(u, v, left, right, bottom, top):
    """Mask of a rectangle."""
    return (u >= left) & (u < right) & (v >= bottom) & (v < top)


def inside_ellipse(u, v, centre_u, centre_v, radius_u, radius_v):
    """Mask of an ellipse."""
    across, up = (u - np.float32(centre_u)) / np.float32(radius_u), (v - np.float32(centre_v)) / np.float32(radius_v)
    return across * across + up * up < 1


def inside_capsule(u, v, start, end, radius):
    """Mask of a thick line with round ends; `start` and `end` are (u, v)."""
    du, dv = np.float32(end[0] - start[0]), np.float32(end[1] - start[1])
    from_u, from_v = u - np.float32(start[0]), v - np.float32(start[1])
    along = np.clip((from_u * du + from_v * dv) / max(du * du + dv * dv, np.float32(1e-9)), 0, 1)
    across_u, across_v = from_u - along * du, from_v - along * dv
    return across_u * across_u + across_v * across_v < np.float32(radius * radius)


def inside_trapezoid(u, v, centre, bottom, top, half_bottom, half_top):
    """Mask of an upright symmetric trapezoid: half widths at its bottom and top."""
    share = (v - np.float32(bottom)) / np.float32(top - bottom)
    half = np.float32(half_bottom) + np.float32(half_top - half_bottom) * share
    return (share >= 0) & (share < 1) & (np.abs(u - np.float32(centre)) < half)


def grey(value):
    """An (..., 1) array from an (...) one, to multiply with colours."""
    return np.asarray(value, dtype=np.float32)[..., np.newaxis]
