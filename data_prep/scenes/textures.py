"""Noise, patterns and shapes as functions of a plane's coordinates, and random draws."""

import numpy as np

LATTICE = 64  # the noise repeats after this many lattice points, a power of two


def between(generator, low, high):
    """Draw a random number in [low, high)."""
    return low + (high - low) * generator.random()


def pick(generator, choices):
    """Draw one of `choices`."""
    return choices[int(generator.random() * len(choices))]


def chance(generator, probability):
    """Draw True with the given probability."""
    return generator.random() < probability


def colour_near(generator, colour, spread):
    """Draw a colour near `colour`: all channels move together by up to `spread`, and each alone by up to half of it."""
    brightness = between(generator, -spread, spread)
    channels = [channel + brightness + between(generator, -spread / 2, spread / 2) for channel in colour]
    return np.clip(np.array(channels, dtype=np.float32), 0.02, 0.98)


class ValueNoise:
    """Smooth noise in [-1, 1] over the plane: random values on a lattice, interpolated."""

    def __init__(self, generator):
        self.values = (generator.random((LATTICE, LATTICE)) * 2 - 1).astype(np.float32)

    def __call__(self, u, v, period):
        """Return the noise at u, v (arrays that broadcast), with lattice points `period` apart."""
        if np.ndim(u) == 2 and u.shape[1] == 1 or np.ndim(v) == 2 and v.shape[0] == 1:
            return self._interpolate(self.values.T, v, u, period)
        return self._interpolate(self.values, u, v, period)

    def _interpolate(self, values, u, v, period):
        """Return noise with u along the rows of `values` and v down its columns.

        Quicker where u is a single row or v a single column.
        """
        rows, next_rows, along_rows = _lattice(v, period)
        columns, next_columns, along_columns = _lattice(u, period)
        if rows.ndim == 2 and rows.shape[1] == 1:
            lines = _mix(values[rows[:, 0]], values[next_rows[:, 0]], along_rows)
            if columns.ndim == 2 and columns.shape[0] == 1:
                first, second = lines.take(columns[0], axis=1), lines.take(next_columns[0], axis=1)
                return _mix(first, second, along_columns)
            places = np.arange(len(rows))[:, np.newaxis]
            return _mix(lines[places, columns], lines[places, next_columns], along_columns)
        if columns.ndim == 2 and columns.shape[0] == 1:
            lines = _mix(values[:, columns[0]], values[:, next_columns[0]], along_columns)
            places = np.arange(columns.shape[1])[np.newaxis]
            return _mix(lines[rows, places], lines[next_rows, places], along_rows)
        upper = _mix(values[rows, columns], values[rows, next_columns], along_columns)
        lower = _mix(values[next_rows, columns], values[next_rows, next_columns], along_columns)
        return _mix(upper, lower, along_rows)

    def rough(self, u, v, period):
        """Return noise with two finer octaves, in [-1, 1]."""
        return (self(u, v, period) * 4 + self(v, u, period * 0.43) * 2 + self(u, v, period * 0.17)) / 7


def _lattice(place, period):
    scaled = np.asarray(place / period, dtype=np.float32)
    floor = np.floor(scaled)
    along = scaled - floor
    first = floor.astype(np.int64) & (LATTICE - 1)
    return first, (first + 1) & (LATTICE - 1), along * along * (3 - 2 * along)


def _mix(first, second, share):
    return first + (second - first) * share


def repeated(place, period):
    """Return the phase of a place in its period, in [0, 1)."""
    scaled = place / period
    return scaled - np.floor(scaled)


def inside_box(u, v, left, right, bottom, top):
    """Return the mask of a rectangle."""
    return (u >= left) & (u < right) & (v >= bottom) & (v < top)


def inside_ellipse(u, v, centre_u, centre_v, radius_u, radius_v):
    """Return the mask of an ellipse."""
    across, up = (u - centre_u) / radius_u, (v - centre_v) / radius_v
    return across * across + up * up < 1


def inside_capsule(u, v, start, end, radius):
    """Return the mask of a thick line with round ends; `start` and `end` are (u, v)."""
    du, dv = end[0] - start[0], end[1] - start[1]
    from_u, from_v = u - start[0], v - start[1]
    along = np.clip((from_u * du + from_v * dv) / max(du * du + dv * dv, 1e-9), 0, 1)
    across_u, across_v = from_u - along * du, from_v - along * dv
    return across_u * across_u + across_v * across_v < radius * radius


def inside_trapezoid(u, v, centre, bottom, top, half_bottom, half_top):
    """Return the mask of an upright symmetric trapezoid, given by its half widths at the bottom and top."""
    share = (v - bottom) / (top - bottom)
    half = half_bottom + (half_top - half_bottom) * share
    return (share >= 0) & (share < 1) & (np.abs(u - centre) < half)


def grey(value):
    """Make an (...) array an (..., 1) one, to multiply with colours."""
    return np.asarray(value, dtype=np.float32)[..., np.newaxis]
