"""Pictures of labels: in the classes' colours, blended over the image, and as PNG files."""

import io

import numpy as np
from PIL import Image

from theano_crf.defaults import NEIGHBOURS

# As in the datasets' own pictures; the paper's figure 4 shows void in red, which is the colour of a rider.
VOID_COLOUR = (0, 0, 0)


def colour_table(classes):
    """Return the colours of all labels.

    Parameters
    ----------
    classes : sequence of data_prep.store.metadata.LabelClass

    Returns
    -------
    (256, 3) uint8
        RGB; row k is class k's colour, rows that are no class are `VOID_COLOUR`.
    """
    table = np.full((256, 3), VOID_COLOUR, dtype=np.uint8)
    table[:len(classes)] = [entry.colour for entry in classes]
    return table


def overlay(image, labels, colours, opacity=0.6):
    """Blend the colours of labels over an image.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    labels : (H, W) integer
        Classes or 255, void.
    colours : (256, 3) uint8
        From `colour_table`.
    opacity : float
        Share of the colours, 0 to 1.

    Returns
    -------
    (H, W, 3) uint8
    """
    coloured = Image.fromarray(colours[labels.astype(np.uint8)])
    return np.asarray(Image.blend(Image.fromarray(image), coloured, opacity))


def enlarge(picture, factor):
    """Repeat each pixel of an (H, W, ...) array `factor` times both ways, so that labels stay sharp."""
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def weights_picture(weights, lam, neighbours=NEIGHBOURS):
    """Show pairwise weights as a picture, the paper's figure 5 (e): dark where a change of label costs little.

    Parameters
    ----------
    weights : (D, H, W) float
        From `theano_crf.contrast_weights`.
    lam : float
        Their largest possible value times the offset's length, shown white; 0 gives a black picture.
    neighbours : sequence of D (int, int)
        Offsets from an edge's first pixel to its second.

    Returns
    -------
    (H, W) uint8
        Mean weight, times the offset's length, of the edges that a pixel is the first end of; at the image's border
        some of them are missing.
    """
    edges, total = np.zeros((2, *weights.shape[1:]))
    for channel, (dy, dx) in zip(weights, neighbours):
        first = slice(None, -dy or None), slice(max(-dx, 0), -max(dx, 0) or None)
        edges[first] += 1
        total[first] += np.hypot(dy, dx) * channel[first]
    mean = total / np.maximum(edges, 1)
    return np.clip(255 * mean / lam if lam > 0 else 0 * mean, 0, 255).astype(np.uint8)


def encode_png(picture):
    """Return the bytes of a PNG file of an (H, W, 3) or (H, W) uint8 array."""
    return _encoded(Image.fromarray(np.ascontiguousarray(picture)))


def encode_label_png(labels, classes, label_ids):
    """Return the bytes of a single-channel PNG of labels.

    Its pixels are the dataset's own label values, for the dataset's tools; its palette has the classes' colours, for
    people.

    Parameters
    ----------
    labels : (H, W) integer
        Classes, 0 to K - 1.
    classes : sequence of K data_prep.store.metadata.LabelClass
    label_ids : sequence of K int
        Value of each class in the dataset's label images.
    """
    values, palette = np.zeros(256, np.uint8), np.zeros((256, 3), np.uint8)
    values[:len(label_ids)] = label_ids
    palette[label_ids] = [entry.colour for entry in classes]
    picture = Image.fromarray(values[labels])
    picture.putpalette(palette.ravel().tolist())
    return _encoded(picture)


def _encoded(picture):
    content = io.BytesIO()
    picture.save(content, "PNG", optimize=picture.mode == "P")
    return content.getvalue()
