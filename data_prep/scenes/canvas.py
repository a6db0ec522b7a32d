"""Camera and canvas of a scene: the planes that a pinhole camera sees, and the samples on which they are painted.

A scene is the same on every machine, since its pixels are computed by additions, multiplications, divisions and square
roots alone, which all machines round alike. Machines differ in sines, exponentials and matrix products.
"""

from typing import NamedTuple

import numpy as np

from data_prep.scenes.textures import grey
from data_prep.store.metadata import VOID

WIDTH, HEIGHT = 160, 120
SUPERSAMPLING = 3  # samples per pixel along each axis
CLEAR_MAJORITY = 7  # of 9 samples; a pixel of a bordered object is void where fewer agree


class Camera(NamedTuple):
    """A pinhole camera that looks along the road; lengths are in metres, places in the image in samples.

    The ground is the plane v = 0; X points right, v up, Z ahead.
    """

    focal: float  # samples
    centre: float  # column of the vanishing point
    horizon: float  # row of the horizon
    height: float  # of the camera above the ground


class Patch(NamedTuple):
    """Part of a plane as the camera sees it.

    Attributes
    ----------
    rows, columns : slice
        The patch's box on the canvas.
    u, v : float32 arrays that broadcast to the box
        Coordinates of each sample on the plane, in metres: u along the ground, v upwards.
    depth : float or array
        Distance ahead of the camera, in metres.
    """

    rows: slice
    columns: slice
    u: np.ndarray
    v: np.ndarray
    depth: object


class Canvas:
    """The samples' colours and labels; objects are painted from far to near."""

    def __init__(self, camera, haze, haze_distance):
        size = HEIGHT * SUPERSAMPLING, WIDTH * SUPERSAMPLING
        self.camera, self.haze, self.haze_distance = camera, haze, haze_distance
        self.colour = np.zeros(size + (3,), dtype=np.float32)
        self.label = np.full(size, VOID, dtype=np.uint8)
        self.bordered = np.zeros(size, dtype=bool)
        self._rows = np.arange(size[0], dtype=np.float32)[:, np.newaxis] + 0.5
        self._columns = np.arange(size[1], dtype=np.float32)[np.newaxis] + 0.5

    def frontal(self, x_range, v_range, z):
        """Return the patch of the plane Z = z with X in `x_range`, v in `v_range`; None where it is out of sight."""
        camera, scale = self.camera, self.camera.focal / z
        box = self._box([camera.centre + scale * x for x in x_range],
                        [camera.horizon + scale * (camera.height - v) for v in v_range])
        if box is None:
            return None
        rows, columns = box
        u = (self._columns[:, columns] - camera.centre) / scale
        v = camera.height - (self._rows[rows] - camera.horizon) / scale
        return Patch(rows, columns, u, v, z)

    def lateral(self, x, z_range, v_range):
        """Return the patch of the plane X = x (not 0) with Z in `z_range`, v in `v_range`; its u is Z.

        Returns None where the patch is out of sight.
        """
        camera = self.camera
        corners = [(x / z, (camera.height - v) / z) for z in z_range for v in v_range]
        box = self._box([camera.centre + camera.focal * column for column, _ in corners],
                        [camera.horizon + camera.focal * row for _, row in corners])
        if box is None:
            return None
        rows, columns = box
        offset = self._columns[:, columns] - camera.centre
        depth = camera.focal * x / np.where(offset == 0, 1e-3, offset)
        v = camera.height - (self._rows[rows] - camera.horizon) * (depth / camera.focal)
        return Patch(rows, columns, depth, v, depth)

    def ground(self):
        """Return the patch of the ground below the horizon; u is X, v and the depth are Z."""
        camera = self.camera
        rows = slice(int(camera.horizon) + 1, self.label.shape[0])
        depth = camera.focal * camera.height / (self._rows[rows] - camera.horizon)
        u = (self._columns - camera.centre) * (depth / camera.focal)
        return Patch(rows, slice(0, self.label.shape[1]), u, depth, depth)

    def ground_box(self, x_range, z_range):
        """Return the rows and columns, relative to `ground`, of a rectangle on the ground; None if out of sight."""
        camera = self.camera
        depths = [max(z, 0.5) for z in z_range]
        box = self._box([camera.centre + camera.focal * x / z for x in x_range for z in depths],
                        [camera.horizon + camera.focal * camera.height / z for z in depths])
        first = int(camera.horizon) + 1
        if box is None or box[0].stop <= first:
            return None
        return slice(max(box[0].start - first, 0), box[0].stop - first), box[1]

    def paint(self, patch, mask, colour, label=None, bordered=False):
        """Paint the samples of a patch where `mask` holds.

        Parameters
        ----------
        patch : Patch
        mask : bool array that broadcasts to the patch, or np.True_
        colour : float array that broadcasts to the patch with a last axis RGB, optional
            None leaves colours as they are.
        label : int, or with np.True_ an array, optional
            None leaves labels as they are.
        bordered : bool
            Whether the pixels along this object's border get the void label.
        """
        box = patch.rows, patch.columns
        if colour is not None:
            self._paint_colour(box, patch.depth / (patch.depth + self.haze_distance), mask, colour)
        if label is not None:
            np.copyto(self.label[box], label, where=mask, casting="unsafe")
            np.copyto(self.bordered[box], bordered, where=mask)

    def _paint_colour(self, box, haziness, mask, colour):
        if mask is np.True_:
            self.colour[box] = colour + (self.haze - colour) * grey(haziness)
            return
        shape = self.label[box].shape
        mask = np.broadcast_to(mask, shape)
        painted = np.broadcast_to(colour, shape + (3,))[mask]
        haziness = np.broadcast_to(haziness, shape)[mask]
        self.colour[box][mask] = painted + (self.haze - painted) * grey(haziness)

    def pixels(self):
        """Return the mean of each pixel's samples, (HEIGHT, WIDTH, 3) float32."""
        step = SUPERSAMPLING
        samples = [self.colour[row::step, column::step] for row in range(step) for column in range(step)]
        return sum(samples[1:], samples[0]) / len(samples)  # in this order on every machine

    def pixel_labels(self):
        """Return each pixel's label, that of most of its samples or void if too few agree; (HEIGHT, WIDTH) uint8."""
        blocks = _blocks(self.label)
        agreeing = np.stack([(blocks == blocks[sample]).sum(axis=0) for sample in range(len(blocks))])
        labels = np.take_along_axis(blocks, agreeing.argmax(axis=0)[np.newaxis], axis=0)[0]
        majority, bordered = agreeing.max(axis=0), _blocks(self.bordered).any(axis=0)
        mixed = (majority * 2 <= len(blocks)) | (bordered & (majority < CLEAR_MAJORITY))
        return np.where(mixed, np.uint8(VOID), labels)

    def _box(self, columns, rows):
        """Return the slices that hold all given columns and rows, cut to the canvas; None where nothing is left."""
        slices = []
        for ends, size in ((rows, self.label.shape[0]), (columns, self.label.shape[1])):
            first, last = max(int(min(ends)) - 1, 0), min(int(max(ends)) + 2, size)
            if first >= last:
                return None
            slices.append(slice(first, last))
        return tuple(slices)


def _blocks(samples):
    """Rearrange samples (HEIGHT * s, WIDTH * s) to (s * s, HEIGHT, WIDTH), a pixel's samples along the first axis."""
    blocks = samples.reshape(HEIGHT, SUPERSAMPLING, WIDTH, SUPERSAMPLING).transpose(1, 3, 0, 2)
    return blocks.reshape(SUPERSAMPLING ** 2, HEIGHT, WIDTH)
