"""Deploy nets on images, and what is refused."""

import caffe
import numpy as np
import pytest

from experiments.nets.segmenter import Segmenter


def segmenter(build, stage, net="stage4"):
    return Segmenter(build.folder / "nets" / net / "deploy.prototxt", build.folder / stage / "final.caffemodel",
                     build.mean)


@pytest.mark.parametrize("size", [(24, 32), (1, 1), (1, 40), (33, 1), (50, 31)])
def test_gives_labels_of_images_of_any_size(tiny_build, size):
    image = np.random.RandomState(0).randint(0, 256, (*size, 3), np.uint8)
    net = segmenter(tiny_build, "stage4")
    assert net.size == (24, 32) and net.has_crf
    segmentation = net(image)
    np.testing.assert_array_equal(segmentation.cnn_labels, tiny_build.cnn_labels("stage4", image))
    np.testing.assert_array_equal(segmentation.labels, tiny_build.crf_labels("stage4", image))
    np.testing.assert_allclose(segmentation.prob.sum(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(segmentation.weights, (image[:, :, ::-1] - tiny_build.mean).transpose(2, 0, 1)[:2])
    assert segmentation.energy == pytest.approx(-size[0] * size[1], rel=1e-5)
    assert segmentation.lower_bound == pytest.approx(-1.1 * size[0] * size[1], rel=1e-5)


def test_a_result_is_not_changed_by_the_next_image(tiny_build):
    net = segmenter(tiny_build, "stage3")
    first = net(np.zeros((4, 5, 3), np.uint8))
    kept = first.prob.copy()
    net(np.full((4, 5, 3), 255, np.uint8))
    np.testing.assert_array_equal(first.prob, kept)


def test_net_without_crf(tiny_build):
    segmentation = segmenter(tiny_build, "stage3", net="stage3")(np.zeros((4, 5, 3), np.uint8))
    assert segmentation.prob.shape == (3, 4, 5)
    assert segmentation.labels is segmentation.weights is segmentation.energy is segmentation.lower_bound is None


@pytest.mark.parametrize("image", [np.zeros((4, 5, 3)), np.zeros((4, 5), np.uint8), np.zeros((0, 5, 3), np.uint8)])
def test_arrays_that_are_no_image_are_refused(tiny_build, image):
    with pytest.raises(ValueError, match="must be"):
        segmenter(tiny_build, "stage3")(image)


def test_missing_and_damaged_weights_are_refused(tiny_build):
    path = tiny_build.folder / "stage3" / "final.caffemodel"
    path.write_bytes(b"no caffemodel")
    with pytest.raises(ValueError, match="caffemodel"):
        segmenter(tiny_build, "stage3")
    path.unlink()
    with pytest.raises(FileNotFoundError, match="There is no .*final.caffemodel"):
        segmenter(tiny_build, "stage3")


def test_weights_of_another_net_are_refused(tiny_build):
    net = tiny_build.folder / "nets" / "stage4" / "deploy.prototxt"
    net.write_text(net.read_text().replace("num_output: 3", "num_output: 4"))
    with pytest.raises(ValueError, match="belongs to another net"):
        segmenter(tiny_build, "stage4")


def test_weights_of_a_diverged_training_are_refused(tiny_build):
    definition = tiny_build.folder / "nets" / "stage3" / "deploy.prototxt"
    net = caffe.Net(str(definition), caffe.TEST)
    net.params["score"][0].data[...] = np.nan
    net.save(str(tiny_build.folder / "stage3" / "final.caffemodel"))
    with pytest.raises(ValueError, match="diverged"):
        segmenter(tiny_build, "stage3")(np.zeros((4, 5, 3), np.uint8))


def test_scores_come_with_the_probabilities_and_the_nets_own_image(tiny_build):
    image = np.random.default_rng(3).integers(0, 256, (12, 9, 3), dtype=np.uint8)
    whole = segmenter(tiny_build, "stage3", net="stage3")
    scored, prob = whole.scored(image), whole(image).prob
    powers = np.exp(scored.score - scored.score.max(axis=0))
    assert (scored.prob == prob).all() and scored.prob == pytest.approx(powers / powers.sum(axis=0), abs=1e-5)
    differences = np.diff(image[:, :, ::-1].astype(float), axis=0).transpose(2, 0, 1)
    assert np.diff(scored.data, axis=1) == pytest.approx(differences, abs=1e-3)
