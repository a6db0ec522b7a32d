"""The generated deploy nets, CRF and all, on images of any size."""

import caffe
import numpy as np
import pytest
import yaml

import theano_crf
from experiments.nets.definitions import generate_nets
from experiments.nets.segmenter import Segmenter
from experiments.settings.config import load_config

STAGE = dict(base_lr=1e-3, iterations=4, validate_every=2)


@pytest.fixture
def build(tmp_path, make_dataset):
    """A build folder with generated nets, and weights of stage 3 whose scores differ from pixel to pixel."""
    make_dataset({"train": [(40, 48)], "val": [(40, 48)]}, tmp_path)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump({"dataset": "tiny", "net": {"width": 1 / 64, "padding": "same"},
                                    **{f"stage{n}": STAGE for n in (1, 2, 3, 4)}}))
    generate_nets(load_config(path), tmp_path)
    net = caffe.Net(str(tmp_path / "nets" / "stage3" / "deploy.prototxt"), caffe.TEST)
    generator = np.random.RandomState(0)
    for name in ("score_fr", "score_pool4", "score_pool3"):
        for blob in net.params[name]:
            blob.data[...] = generator.randn(*blob.data.shape)
    net.save(str(tmp_path / "stage3.caffemodel"))
    return tmp_path


@pytest.mark.parametrize("size", [(40, 48), (33, 17), (1, 1), (1, 70), (45, 1)])
def test_crf_solves_the_problem_that_cnn_and_image_pose(build, size):
    image = np.random.RandomState(1).randint(0, 256, (*size, 3), np.uint8)
    nets = {stage: Segmenter(build / "nets" / stage / "deploy.prototxt", build / "stage3.caffemodel", (9, 8, 7))
            for stage in ("stage3", "stage4")}
    segmentation = nets["stage4"](image)
    np.testing.assert_allclose(segmentation.prob, nets["stage3"](image).prob, atol=1e-6)
    picture = np.float32(image.transpose(2, 0, 1)[np.newaxis]) / 255
    weights = theano_crf.contrast_weights(picture)
    np.testing.assert_allclose(segmentation.weights, weights[0], atol=1e-4)
    unary = -segmentation.prob[np.newaxis]
    energy = theano_crf.energy(unary, weights, segmentation.labels[np.newaxis])[0]
    assert segmentation.energy == pytest.approx(energy, rel=1e-4)
    assert segmentation.lower_bound <= segmentation.energy + 1e-4 * abs(segmentation.energy)
    assert energy <= theano_crf.energy(unary, weights, segmentation.cnn_labels[np.newaxis])[0] + 1e-3
