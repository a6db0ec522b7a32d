"""Photographs of any kind and size: read as RGB, scaled for a net, and labels brought back to their size."""

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Labels are scaled up in bands of this many pixels, so that memory stays bounded whatever the photograph's size.
BAND_PIXELS = 1 << 20
# A net's activations take some 3 kB per pixel at VGG16's width: 2 megapixels, a Cityscapes frame, take 6 GB.
MOST_NET_PIXELS = 2048 * 1024


class PhotographError(ValueError):
    """A photograph that can't be read or segmented; the message is one sentence that names it."""


def read_photograph(path):
    """Read an image file as RGB.

    The image is turned as its EXIF data say, 16-bit grey becomes 8-bit grey, transparent parts become white, and of an
    animation the first frame is read.

    Returns
    -------
    (H, W, 3) uint8

    Raises
    ------
    PhotographError
        If there is no such file or it can't be read as an image.
    """
    if not Path(path).is_file():
        raise PhotographError(f"There is no image file {path}; check its name.")
    try:
        with Image.open(path) as stored:
            return np.array(_as_rgb(ImageOps.exif_transpose(stored)))
    except Image.DecompressionBombError:
        raise PhotographError(f"{path} has more than {2 * Image.MAX_IMAGE_PIXELS // 10**6} megapixels; "
                              "make it smaller first.") from None
    except UnidentifiedImageError:
        raise PhotographError(f"{path} is no image of a known format; give a JPEG or PNG file.") from None
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise PhotographError(f"{path} can't be read ({error}); give another copy.") from None


def _as_rgb(picture):
    if picture.mode.startswith("I"):
        # PIL would cut 16-bit values off at 255.
        return Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def scale_to_net(image, trained_size, scale=None):
    """Scale a photograph so that its objects have about the size that they had in training.

    Parameters
    ----------
    image : (H, W, 3) uint8
    trained_size : (int, int)
        Height and width of the training images. The photograph's longer side becomes the longer of these.
    scale : float, optional
        Factor to use instead.

    Returns
    -------
    (h, w, 3) uint8
        At least one pixel each way.

    Raises
    ------
    PhotographError
        If the result were too large for the net.
    """
    height, width = image.shape[:2]
    factor = max(trained_size) / max(height, width) if scale is None else scale
    size = max(1, round(height * factor)), max(1, round(width * factor))
    if size[0] * size[1] > max(MOST_NET_PIXELS, trained_size[0] * trained_size[1]):
        most = math.floor(100 * (MOST_NET_PIXELS / (height * width)) ** 0.5) / 100
        raise PhotographError(f"At scale {factor:g} the net would run on {size[1]} x {size[0]} pixels; for a "
                              f"photograph of {width} x {height} the scale must be at most {most:g}.")
    return np.asarray(Image.fromarray(image).resize(size[::-1], Image.ANTIALIAS))


def labels_at_size(planes, height, width):
    """Interpolate planes bilinearly to another size and label each pixel with the plane that is largest there.

    Planes of probabilities give the CNN's labels. Indicators of labels, see `indicators`, give those labels with
    smooth borders instead of blocks.

    Parameters
    ----------
    planes : (K, h, w) float32
    height, width : int
        Of the result.

    Returns
    -------
    (height, width) uint8
    """
    pictures = [Image.fromarray(plane.astype(np.float32)) for plane in planes]
    rows, columns = planes.shape[1:]
    labels = np.empty((height, width), np.uint8)
    band = max(1, BAND_PIXELS // width)
    for top in range(0, height, band):
        bottom = min(top + band, height)
        box = (0, top * rows / height, columns, bottom * rows / height)
        best = np.full((bottom - top, width), -np.inf, np.float32)
        for label, picture in enumerate(pictures):
            plane = np.asarray(picture.resize((width, bottom - top), Image.BILINEAR, box=box))
            larger = plane > best
            labels[top:bottom][larger] = label
            best[larger] = plane[larger]
    return labels


def enlarged_labels(labels, classes, height, width):
    """Return labels (h, w) of `classes` classes at another size: where it is not theirs, by `labels_at_size`."""
    if labels.shape == (height, width):
        return labels
    return labels_at_size(indicators(labels, classes), height, width)


def planes_at_size(planes, height, width):
    """Interpolate planes (K, h, w) bilinearly to (K, height, width) float32."""
    return np.stack([np.asarray(Image.fromarray(plane.astype(np.float32)).resize((width, height), Image.BILINEAR))
                     for plane in planes])


def indicators(labels, classes):
    """Return (K, h, w) float32, 1 where a pixel of `labels` (h, w) has the class and 0 elsewhere."""
    return (labels == np.arange(classes)[:, np.newaxis, np.newaxis]).astype(np.float32)
