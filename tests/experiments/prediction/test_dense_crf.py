"""Mean field of the dense CRF against its update written out for each pair of pixels."""

import numpy as np

from experiments.prediction.dense_crf import mean_field
from experiments.settings.crf_config import DenseCRFConfig


def softmax(costs):
    powers = np.exp(costs.min(axis=0) - costs)
    return powers / powers.sum(axis=0)


def twin(image, prob, settings):
    """Mean field with both kernels over all pairs, each normalised symmetrically as pydensecrf's default is."""
    labels, height, width = prob.shape
    places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).reshape(-1, 2).astype(float)
    colours = image.reshape(-1, 3).astype(float)

    def kernel(*features):
        squares = sum(((values[:, None] - values[None]) ** 2).sum(-1) / scale ** 2 for values, scale in features)
        dense = np.exp(-squares / 2)
        norm = 1 / np.sqrt(dense.sum(axis=1) + 1e-20)
        return norm[:, None] * dense * norm[None]

    pairwise = settings.smoothness * kernel((places, settings.smoothness_distance)) + settings.appearance * kernel(
        (places, settings.appearance_distance), (colours, settings.appearance_colour))
    unary = -np.log(prob.reshape(labels, -1) + 1e-6)
    marginals = softmax(unary)
    for _ in range(settings.iterations):
        marginals = softmax(unary - marginals @ pairwise)
    return marginals.argmax(axis=0).reshape(height, width)


def test_labels_are_those_of_the_update_over_all_pairs():
    generator = np.random.default_rng(4)
    truth = np.zeros((18, 22), int)
    truth[5:13, 6:15] = 1
    image = np.clip(80 + 90 * truth[..., None] + generator.normal(0, 8, (18, 22, 3)), 0, 255).astype(np.uint8)
    noisy = np.where(generator.random(truth.shape) < 0.25, 1 - truth, truth)
    prob = np.where(np.arange(2)[:, None, None] == noisy, 0.7, 0.3).astype(np.float32)
    settings = DenseCRFConfig(appearance=6, appearance_distance=10, appearance_colour=20)
    labels = mean_field(image, prob, settings)
    assert labels.dtype == np.int32 and np.mean(labels == twin(image, prob, settings)) > 0.99
    assert np.mean(labels == truth) > 0.98 > np.mean(noisy == truth)


def test_without_pairwise_terms_the_most_probable_class_is_taken():
    generator = np.random.default_rng(0)
    prob = generator.dirichlet(np.ones(3), (7, 9)).transpose(2, 0, 1).astype(np.float32)
    image = generator.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    labels = mean_field(image, prob, DenseCRFConfig(smoothness=0, appearance=0))
    assert (labels == prob.argmax(axis=0)).all()
