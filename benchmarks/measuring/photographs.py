"""Photographs to be divided into few regions: colour models of scribbles, contrast-sensitive weights.

The photographs come with scikit-image; the scribbles are drawn at random, with a seed, so that a problem is the same
wherever it is made.
"""

from typing import NamedTuple, Optional

import numpy as np
from skimage import data

import theano_crf
from benchmarks.measuring.given import GivenProblem


class Photograph(NamedTuple):
    """A photograph with its settings.

    Attributes
    ----------
    name : str
        Of a colour photograph in `skimage.data`.
    labels : int
        Number of scribbles, and of regions.
    lam : float
        Of equation 6; more than the paper's, as costs are -log p here.
    optimum : float
        The least energy that is known, of TRW-S after 2000 iterations or of `dual_mm` with icm.
    gap : float
        TRW-S's bound is within it.
    """

    name: str
    labels: int
    lam: float
    optimum: Optional[float] = None
    gap: Optional[float] = None


PHOTOGRAPHS = (Photograph("coffee", 2, 10.0, 12354.691, 0.001),
               Photograph("astronaut", 4, 40.0, 62399.666, 0.001),
               Photograph("chelsea", 6, 30.0, 107287.741, 1.0),
               Photograph("rocket", 8, 10.0, 151114.693, 0.3))
STEPS = 200             # of a scribble, which walks over the photograph pixel by pixel
CANDIDATES = 200        # places where a scribble may begin
SPREAD = 0.05           # deviation of colours, of 1, that every model has beyond its scribble's
LEAST_PROBABILITY = 1e-6


def make_problem(photograph, seed=0):
    """Make the problem of a photograph.

    Parameters
    ----------
    photograph : Photograph
    seed : int
        Of the scribbles; the optimum is known of seed 0.

    Returns
    -------
    benchmarks.measuring.given.GivenProblem
    """
    image = getattr(data, photograph.name)().astype(np.float32) / 255
    generator = np.random.default_rng(seed)
    scribbles = draw_scribbles(image, photograph.labels, generator)
    costs = colour_costs(image, [image[tuple(scribble.T)] for scribble in scribbles])
    height, width, _ = image.shape
    weights = theano_crf.contrast_weights(image.transpose(2, 0, 1)[None], lam=photograph.lam)
    return GivenProblem(f"{photograph.name}, {width} x {height}, {photograph.labels} labels", costs, weights,
                        photograph.optimum)


def draw_scribbles(image, count, generator):
    """Draw scribbles that begin in colours as different as can be.

    Parameters
    ----------
    image : (H, W, 3) float32
    count : int
    generator : numpy.random.Generator

    Returns
    -------
    list of (STEPS, 2) integer
        Places (y, x).
    """
    size = np.array(image.shape[:2])
    places = generator.integers(0, size, (CANDIDATES, 2))
    colours = image[tuple(places.T)]
    chosen = [0]
    while len(chosen) < count:
        distances = np.linalg.norm(colours[:, None] - colours[chosen], axis=2).min(axis=1)
        chosen.append(int(distances.argmax()))
    steps = generator.integers(-1, 2, (count, STEPS, 2)).cumsum(axis=1)
    return [np.clip(places[start] + walk, 0, size - 1) for start, walk in zip(chosen, steps)]


def colour_costs(image, samples):
    """Costs of labels by a Gaussian model of each label's colours: -log p, all labels being as likely beforehand.

    Parameters
    ----------
    image : (H, W, 3) float32
    samples : sequence of (M, 3) float32
        Colours of a label's scribble.

    Returns
    -------
    (1, K, H, W) float32
    """
    scores = np.stack([_log_density(image.astype(np.float64), sample.astype(np.float64)) for sample in samples])
    scores -= scores.max(axis=0)
    probability = np.exp(scores)
    probability /= probability.sum(axis=0)
    return -np.log(np.maximum(probability, LEAST_PROBABILITY)).astype(np.float32)[None]


def _log_density(colours, sample):
    """Log of the density, but for a constant, of a Gaussian that is fitted to a sample (M, 3)."""
    covariance = np.cov(sample.T) + SPREAD ** 2 * np.eye(3)
    difference = colours - sample.mean(axis=0)
    distance = np.einsum("yxi,ij,yxj->yx", difference, np.linalg.inv(covariance), difference)
    return -0.5 * (distance + np.log(np.linalg.det(covariance)))
