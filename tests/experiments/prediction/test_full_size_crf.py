"""The CRF at full resolution: against the obvious twin, and without weights against the CNN alone."""

import numpy as np
import pytest
from PIL import Image

import theano_crf
from experiments.prediction.full_size_crf import FullSizeCRF
from experiments.prediction.photographs import labels_at_size
from experiments.settings.config import CRFConfig
from tests.experiments.prediction.test_full_resolution import doubled
from tests.theano_crf import twins

NET = 6, 8  # height and width at the net's resolution


@pytest.fixture
def frame(tmp_path):
    """Return the path of an image of two even colours with noise, and probabilities at half its resolution."""
    generator = np.random.default_rng(3)
    image = np.full((2 * NET[0], 2 * NET[1], 3), 60, np.uint8)
    image[:, 7:] = 180
    image += generator.integers(0, 20, image.shape, dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "frame.png")
    probability = generator.dirichlet(np.ones(4), NET).transpose(2, 0, 1).astype(np.float32)
    return tmp_path / "frame.png", image, probability


@pytest.mark.parametrize("kind", ["-p", "-log p"])
def test_it_minimises_interpolated_costs_with_the_frames_weights(frame, kind):
    path, image, probability = frame
    crf = CRFConfig(unary=kind, iterations=3, lam=0.4, alpha=10)
    labels = FullSizeCRF(crf, {"a": path}).labels("a", probability)
    costs = -probability if kind == "-p" else -np.log(probability + 1e-6)
    interpolated = np.stack([doubled(plane) for plane in costs])
    colours = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
    weights = theano_crf.contrast_weights(colours, 10, 0.9, 0.4)[0]
    expected, _ = twins.dual_mm(interpolated, weights, 3)
    assert labels.shape == image.shape[:2] and len(np.unique(labels)) > 1
    assert (labels == expected).mean() > 0.98  # the others are ties but for rounding
    assert (labels != interpolated.argmin(axis=0)).any()


def test_without_weights_the_labels_are_the_cnns_interpolated(frame):
    path, image, probability = frame
    labels = FullSizeCRF(CRFConfig(lam=0), {"a": path}).labels("a", probability)
    np.testing.assert_array_equal(labels, labels_at_size(probability, *image.shape[:2]))
