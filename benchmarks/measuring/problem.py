"""The problem to solve: a real frame where its folder is given, else one drawn by the scenes' generator."""

from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import numpy as np
from PIL import Image
from scipy.ndimage import zoom

import theano_crf
from benchmarks.measuring.neighbours import general_compatibility
from data_prep.scenes import draw_scene
from prototxt.unary import unary_costs
from theano_crf.defaults import NEIGHBOURS

FRAME = "half.npz"
STRIDE = 8                # of an FCN-8s: drawn probabilities are made at this stride and interpolated
CONFIDENCE = 4.0          # score of the right class above the others', whose noise has deviation 1


class Problem:
    """One frame with its class probabilities.

    Parameters
    ----------
    name : str
    image : (H, W, 3) uint8
        RGB; the paper's contrast-sensitive weights follow from it.
    probability : (1, K, H, W) float32
    neighbours : sequence of (dy, dx)
    compatibility : (K, K) float32, optional
        None: Potts.

    Attributes
    ----------
    weights : (1, D, H, W) float32
    volume_bytes : int
        Size of one (K, H, W) float32 volume.
    """

    def __init__(self, name, image, probability, neighbours=NEIGHBOURS, compatibility=None):
        self.name, self.image, self.probability = name, image, probability
        self.neighbours, self.compatibility = neighbours, compatibility
        self.weights = theano_crf.contrast_weights(image.transpose(2, 0, 1)[None] / np.float32(255),
                                                   neighbours=neighbours)
        self.volume_bytes = probability.nbytes
        self._unaries = {}

    def unary(self, kind):
        """Return the unary costs (1, K, H, W) of a kind in `prototxt.unary.KINDS`, computed once."""
        if kind not in self._unaries:
            self._unaries[kind] = unary_costs(self.probability, kind)
        return self._unaries[kind]


class Source(NamedTuple):
    """Source of a problem: sent to another process, it loads the same one there.

    Attributes
    ----------
    folder : str, optional
        Holds half.npz; None: a frame is drawn in the size that follows.
    height, width, labels : int
    neighbours : tuple of (dy, dx)
    general : bool
        With the compatibility of `general_compatibility`; if not set, Potts.
    """

    folder: Optional[str] = None
    height: int = 512
    width: int = 1024
    labels: int = 19
    neighbours: Tuple[Tuple[int, int], ...] = NEIGHBOURS
    general: bool = False

    def load(self):
        """Return the `Problem`.

        Raises
        ------
        FileNotFoundError, ValueError
            If the folder holds no such frame.
        """
        if self.folder is None:
            name, (image, probability) = "drawn frame", draw_frame(self.height, self.width, self.labels)
        else:
            name, (image, probability) = FRAME, read_frame(self.folder)
        compatibility = general_compatibility(probability.shape[1]) if self.general else None
        return Problem("{0}, {4} x {3}, {2} labels".format(name, *probability.shape), image, probability,
                       self.neighbours, compatibility)


def read_frame(folder):
    """Read half.npz: `image` (H, W, 3) uint8 RGB and `prob` (K, H, W).

    Returns
    -------
    image : (H, W, 3) uint8
    probability : (1, K, H, W) float32
    """
    path = Path(folder) / FRAME
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; FRANKFURT must name the folder of {FRAME}, or be unset.")
    with np.load(path) as stored:
        if not {"image", "prob"} <= set(stored.files):
            raise ValueError(f"{path} holds {', '.join(stored.files)}; it must hold image (H, W, 3) and prob "
                             "(K, H, W).")
        image, probability = stored["image"], stored["prob"].astype(np.float32)[None]
    if image.dtype != np.uint8 or image.shape != (*probability.shape[2:], 3):
        raise ValueError(f"{path} holds an image {image.shape} of {image.dtype} and probabilities "
                         f"{probability.shape[1:]}; they must be (H, W, 3) of uint8 and (K, H, W).")
    return image, probability


def draw_frame(height, width, labels, seed=0):
    """Draw a street scene and probabilities that resemble an FCN-8s's: sure, smooth, and wrong here and there.

    Parameters
    ----------
    height, width : int
    labels : int
        Number of classes; those that the scene does not have are improbable everywhere.

    Returns
    -------
    image : (height, width, 3) uint8
    probability : (1, labels, height, width) float32
    """
    generator = np.random.default_rng(seed)
    scene, truth = draw_scene(seed, "bench", 0)
    image = np.asarray(Image.fromarray(scene).resize((width, height), Image.BICUBIC)).astype(np.float32)
    image = np.clip(image + generator.normal(0, 2, image.shape), 0, 255).astype(np.uint8)
    coarse = -(-height // STRIDE), -(-width // STRIDE)
    truth = np.asarray(Image.fromarray(truth).resize(coarse[::-1], Image.NEAREST)) % labels
    probability = np.empty((1, labels, height, width), np.float32)
    for label in range(labels):
        score = CONFIDENCE * (truth == label) + generator.normal(size=coarse)
        probability[0, label] = zoom(score.astype(np.float32), STRIDE, order=1)[:height, :width]
    np.exp(probability, out=probability)
    probability /= probability.sum(axis=1, keepdims=True)
    return image, probability
