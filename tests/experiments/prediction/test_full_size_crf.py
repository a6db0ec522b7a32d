"""The CRF at full resolution: against the obvious twin, and without weights against the CNN alone."""

import caffe
import numpy as np
import pytest
from google.protobuf import text_format
from PIL import Image

import theano_crf
from experiments.prediction.full_size_crf import FullSizeCRF
from experiments.prediction.photographs import labels_at_size
from experiments.settings.crf_config import CRFConfig
from prototxt.nets import crf_net
from tests.experiments.prediction.test_full_resolution import doubled
from tests.theano_crf import twins

MEAN = 90.0, 100.0, 110.0
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


def twins_labels(image, probability, kind, bias=0, relative=False):
    """Return the labels of the obvious twin, and the costs that it minimises, with a bias (4, 1, 1) added to them."""
    costs = -probability if kind == "-p" else -np.log(probability + 1e-6)
    interpolated = np.stack([doubled(plane) for plane in costs]) + bias
    colours = image.transpose(2, 0, 1)[np.newaxis] / np.float32(255)
    weights = theano_crf.contrast_weights(colours, 10, 0.9, 0.4, relative=relative)[0]
    return twins.dual_mm(interpolated, weights, 3)[0], interpolated


@pytest.mark.parametrize("kind, relative", [("-p", False), ("-log p", False), ("-p", True)])
def test_it_minimises_interpolated_costs_with_the_frames_weights(frame, kind, relative):
    path, image, probability = frame
    crf = CRFConfig(unary=kind, iterations=3, lam=0.4, alpha=10, relative_contrast=relative)
    labels = FullSizeCRF(crf, {"a": path}, MEAN).labels("a", probability, None)
    expected, interpolated = twins_labels(image, probability, kind, relative=relative)
    assert labels.shape == image.shape[:2] and len(np.unique(labels)) > 1
    assert (labels == expected).mean() > 0.98  # the others are ties but for rounding
    assert (labels != interpolated.argmin(axis=0)).any()


def test_without_weights_the_labels_are_the_cnns_interpolated(frame):
    path, image, probability = frame
    labels = FullSizeCRF(CRFConfig(lam=0), {"a": path}, MEAN).labels("a", probability, None)
    np.testing.assert_array_equal(labels, labels_at_size(probability, *image.shape[:2]))


def save_learnt(folder, crf, **values):
    """Write weights with the last blob of each named layer at `values`."""
    (folder / "crf.prototxt").write_text(text_format.MessageToString(crf_net(4, NET, crf.dict())))
    net = caffe.Net(str(folder / "crf.prototxt"), caffe.TEST)
    for name in values.keys() & set(net.params):
        net.params[name][-1].data[...] = values[name]
    net.save(str(folder / "weights.caffemodel"))
    return folder / "weights.caffemodel"


@pytest.mark.parametrize("kind", ["-p", "-log p"])
def test_a_learnt_bias_is_added_to_the_interpolated_costs(frame, tmp_path, kind):
    path, image, probability = frame
    bias, settings = np.float32([0.3, -0.2, 0.1, 0]), dict(unary=kind, iterations=3, alpha=10, lam=0.4)
    crf = CRFConfig(learn_class_bias=True, **settings)
    labels = FullSizeCRF(crf, {"a": path}, MEAN).labels("a", probability, save_learnt(tmp_path, crf, class_bias=bias))
    expected, _ = twins_labels(image, probability, kind, bias.reshape(-1, 1, 1))
    assert (labels == expected).mean() > 0.98  # the others are ties but for rounding
    assert (labels != FullSizeCRF(CRFConfig(**settings), {"a": path}, MEAN).labels("a", probability, None)).any()


@pytest.mark.parametrize("kind, temperature", [("-p", 1), ("-log p", 2)])
@pytest.mark.parametrize("learnt", [dict(learn_contrast=True), dict(pairwise_net="image and probabilities"),
                                    dict(learn_compatibility="directed")], ids=str)
def test_learnt_terms_are_those_of_the_weights(frame, tmp_path, learnt, kind, temperature):
    """Learnt terms that double each weight give the labels of twice the lambda."""
    path, _, probability = frame
    plain = dict(unary=kind, temperature=temperature, iterations=3, alpha=10)
    crf = CRFConfig(lam=0.4, **plain, **learnt)
    weights = save_learnt(tmp_path, crf, contrast=np.log(2), pairwise_score=np.log(2), compatibility=2 - 2 * np.eye(4))
    labels = FullSizeCRF(crf, {"a": path}, MEAN).labels("a", probability, weights)
    doubled_lambda = FullSizeCRF(CRFConfig(lam=0.8, **plain), {"a": path}, MEAN).labels("a", probability, None)
    single = FullSizeCRF(CRFConfig(lam=0.4, **plain), {"a": path}, MEAN).labels("a", probability, None)
    assert (labels == doubled_lambda).mean() > 0.98 and (labels != single).any()
