"""Augmentation: random scale, crop and colours of an image, its labels moved with it.

What is drawn follows from the seed and the image's position in the stream of training data alone, so that a resumed
run, and any number of processes, see the same images.
"""

import math
from typing import NamedTuple, Optional, Tuple

import numpy as np
import pydantic
from PIL import Image, ImageEnhance

from data_prep.store.metadata import VOID
from data_prep.strict_model import StrictModel

# Keeps these draws apart from those of `Order`, which come from the same seed.
STREAM = 1
HUES = 255  # steps of Pillow's HSV images once around the circle of colours


def scaled_size(size, factor):
    """Return a size times a factor, each length in whole pixels, 1 at least."""
    return tuple(max(1, round(length * factor)) for length in size)


def scaled_pair(image, labels, factor):
    """Return an image (H, W, 3) uint8 and its labels (H, W) uint8 at another size, as `Change.apply` makes them."""
    return Change(factor, None, (0, 0), 1, 1, 1, 0).apply(image, labels, None)


class Augmentation(StrictModel):
    """Ranges that random changes are drawn from; by default there are none.

    Attributes
    ----------
    scale : (float, float)
        Least and greatest factor of the image's size, drawn evenly on a logarithmic scale.
    crop : (int, int), optional
        Height and width that are cut out at a random place. A smaller image is put at a random place of that size, the
        mean colour and void around it.
    brightness, contrast, saturation : float
        Greatest change b: brightness, distance to the mean grey and distance to each pixel's own grey are multiplied by
        a factor between 1 - b and 1 + b.
    hue : float
        Greatest turn of the circle of colours, 0.5 half of it.
    """

    scale: Tuple[pydantic.confloat(gt=0, le=16), pydantic.confloat(gt=0, le=16)] = (1, 1)
    crop: Optional[Tuple[pydantic.conint(strict=True, ge=1), pydantic.conint(strict=True, ge=1)]] = None
    brightness: float = pydantic.Field(0, ge=0, le=1)
    contrast: float = pydantic.Field(0, ge=0, le=1)
    saturation: float = pydantic.Field(0, ge=0, le=1)
    hue: float = pydantic.Field(0, ge=0, le=0.5)

    @pydantic.validator("scale")
    def check_order(cls, scale):
        if scale[0] > scale[1]:
            raise ValueError(f"the least scale, {scale[0]:g}, is above the greatest, {scale[1]:g}")
        return scale

    def of_scaled_images(self, factor):
        """Return the `Augmentation` of images whose size is this factor of that which the LMDB has."""
        return self.copy(update={"scale": tuple(bound * factor for bound in self.scale)})

    def draw(self, seed, position):
        """Return the `Change` of the image at a position of the stream of training data."""
        generator = np.random.default_rng([seed, position, STREAM])
        factor = math.exp(generator.uniform(*np.log(self.scale)))
        place = generator.random(2)
        brightness, contrast, saturation = (
            1 + most * generator.uniform(-1, 1) for most in (self.brightness, self.contrast, self.saturation))
        turn = self.hue * generator.uniform(-1, 1)
        return Change(factor, self.crop, tuple(place), brightness, contrast, saturation, turn)


class Change(NamedTuple):
    """One draw of an `Augmentation`.

    Attributes
    ----------
    scale : float
        Factor of the image's size.
    crop : (int, int) or None
        Height and width of the result; None: those of the scaled image.
    place : (float, float)
        The crop's place among the possible ones, vertically and horizontally, 0 to 1.
    brightness, contrast, saturation : float
        Factors.
    turn : float
        Turn of the hues, as a share of the circle.
    """

    scale: float
    crop: Optional[Tuple[int, int]]
    place: Tuple[float, float]
    brightness: float
    contrast: float
    saturation: float
    turn: float

    def apply(self, image, labels, padding):
        """Change an image and its labels.

        Parameters
        ----------
        image : (H, W, 3) uint8
            RGB.
        labels : (H, W) uint8
        padding : sequence of 3 int
            Colour of the pixels outside the image; their labels are void.

        Returns
        -------
        image : (H', W', 3) uint8
            Averaged over areas where it becomes smaller, bilinear where it becomes larger.
        labels : (H', W') uint8
            The nearest pixel's.
        """
        windows = [self._window(axis, length) for axis, length in enumerate(labels.shape)]
        smaller = windows[0].pixels_per_pixel > 1
        picture = _resample(Image.fromarray(image), windows, Image.BOX if smaller else Image.BILINEAR)
        moved = np.asarray(_resample(Image.fromarray(labels), windows, Image.NEAREST))
        coloured = np.asarray(self.recolour(picture))
        size = tuple(window.length for window in windows)
        if coloured.shape[:2] == size:
            return coloured, moved
        whole, void = np.full((*size, 3), padding, np.uint8), np.full(size, VOID, np.uint8)
        inside = tuple(slice(window.first, window.last) for window in windows)
        whole[inside], void[inside] = coloured, moved
        return whole, void

    def recolour(self, picture):
        """Change the colours of a Pillow picture in RGB: brightness, contrast, saturation, then hue."""
        for enhance, factor in ((ImageEnhance.Brightness, self.brightness), (ImageEnhance.Contrast, self.contrast),
                                (ImageEnhance.Color, self.saturation)):
            if factor != 1:
                picture = enhance(picture).enhance(factor)
        if not self.turn:
            return picture
        planes = list(picture.convert("HSV").split())
        shift = round(self.turn * HUES)
        planes[0] = planes[0].point([(hue + shift) % HUES for hue in range(256)])
        return Image.merge("HSV", planes).convert("RGB")

    def _window(self, axis, length):
        """Return where along an axis the result's pixels lie in an image of `length` pixels."""
        scaled, = scaled_size((length,), self.scale)
        wanted = scaled if self.crop is None else self.crop[axis]
        # of the result's first pixel in the scaled image; negative where that is smaller than the result
        start = math.floor(self.place[axis] * (abs(scaled - wanted) + 1)) * (1 if scaled >= wanted else -1)
        first, last = max(0, -start), min(wanted, scaled - start)
        return _Window(wanted, first, last, (first + start) * length / scaled, (last + start) * length / scaled)


class _Window(NamedTuple):
    """Along one axis: pixels `first` to `last` of `length` show the image from `begin` to `end`, in its own pixels."""

    length: int
    first: int
    last: int
    begin: float
    end: float

    @property
    def pixels_per_pixel(self):
        """The image's pixels per pixel of the result."""
        return (self.end - self.begin) / (self.last - self.first)


def _resample(picture, windows, method):
    rows, columns = windows
    return picture.resize((columns.last - columns.first, rows.last - rows.first), method,
                          box=(columns.begin, rows.begin, columns.end, rows.end))
