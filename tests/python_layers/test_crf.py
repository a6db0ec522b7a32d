"""The CRF's layers against `theano_crf` and against finite differences."""

import json

import caffe
import numpy as np
import pytest

import theano_crf
from python_layers.margins import iou_margins

CLASSES, HEIGHT, WIDTH, VOID = 3, 6, 7, 255

INPUT = 'layer {{ name: "{0}" type: "Input" top: "{0}" input_param {{ shape {{ {1} }} }} }}\n'
LAYER = ('layer {{ name: "{name}" type: "Python" {bottoms} {tops} {rest} '
         'python_param {{ module: "python_layers" layer: "{name}" param_str: \'{parameters}\' }} }}\n')


def make_net(tmp_path, name, inputs, tops, rest="", **parameters):
    """Return a net of one layer on top of inputs that hold the given arrays; `rest` may force gradients for them."""
    text = "force_backward: true\n" if name == "SSVMLoss" else ""
    for blob, array in inputs.items():
        text += INPUT.format(blob, " ".join(f"dim: {size}" for size in array.shape))
    text += LAYER.format(name=name, bottoms=" ".join(f'bottom: "{blob}"' for blob in inputs), rest=rest,
                         tops=" ".join(f'top: "{top}"' for top in tops), parameters=json.dumps(parameters))
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    net = caffe.Net(str(path), caffe.TRAIN)
    for blob, array in inputs.items():
        net.blobs[blob].data[...] = array
    return net


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    image = generator.uniform(0, 255, (2, 3, HEIGHT, WIDTH)).astype(np.float32)
    unary = generator.normal(0, 1, (2, CLASSES, HEIGHT, WIDTH)).astype(np.float32)
    weights = theano_crf.contrast_weights(image / 255, alpha=3.0)
    labels = generator.integers(0, CLASSES, (2, HEIGHT, WIDTH)).astype(np.float32)
    labels[generator.random(labels.shape) < 0.2] = VOID
    return dict(image=image, unary=unary, weights=weights, labels=labels)


def loss_net(tmp_path, problem, tops=("loss",), loss_weight=1, **parameters):
    inputs = {name: problem[name] for name in ("unary", "weights", "labels")}
    rest = f"loss_weight: {loss_weight} " + "loss_weight: 0 " * (len(tops) - 1) + \
        "propagate_down: true propagate_down: true propagate_down: false"
    return make_net(tmp_path, "SSVMLoss", inputs, tops, rest, **parameters)


def test_contrast_weights_do_not_feel_the_mean(tmp_path, problem):
    image = problem["image"] - np.float32([104, 117, 123])[:, None, None]
    net = make_net(tmp_path, "ContrastWeights", {"image": image}, ["weights"], alpha=3.0)
    net.forward()
    assert net.blobs["weights"].data == pytest.approx(problem["weights"], abs=1e-4)


def test_inference_is_dual_mm(tmp_path, problem):
    inputs = {name: problem[name] for name in ("unary", "weights")}
    net = make_net(tmp_path, "CRFInference", inputs, ["labels", "bound", "energy"], iterations=20)
    net.forward()
    solution = theano_crf.dual_mm(problem["unary"], problem["weights"], iterations=20)
    assert np.array_equal(net.blobs["labels"].data, solution.labels)
    assert net.blobs["bound"].data == pytest.approx(solution.lower_bound, rel=1e-6)
    assert net.blobs["energy"].data == pytest.approx(solution.energy, rel=1e-6)
    in_double = net.layers[list(net._layer_names).index("CRFInference")].solution
    assert (in_double.lower_bound == solution.lower_bound).all() and (in_double.energy == solution.energy).all()


@pytest.mark.parametrize("normalise", [True, False])
@pytest.mark.parametrize("loss_weight", [0, 1, 2])
def test_loss_and_gradient_follow_loss_weight_and_normalisation(tmp_path, problem, loss_weight, normalise):
    net = loss_net(tmp_path, problem, loss_weight=loss_weight, normalise=normalise)
    for blob in ("unary", "weights"):
        net.blobs[blob].diff[...] = 0
    net.forward()
    net.backward()
    expected = theano_crf.ssvm(problem["unary"], problem["weights"], problem["labels"].astype(int))
    scale = 1 / np.count_nonzero(problem["labels"] != VOID) if normalise else 1
    assert net.blobs["loss"].data == pytest.approx(expected.loss.sum() * scale, rel=1e-5)
    assert net.blobs["unary"].diff == pytest.approx(loss_weight * scale * expected.grad_unary, abs=1e-6)
    assert net.blobs["weights"].diff == pytest.approx(loss_weight * scale * expected.grad_weights, abs=1e-6)


def test_margins_by_iou_are_those_of_the_labels_of_least_cost(tmp_path, problem):
    net = loss_net(tmp_path, problem, margin="iou", gamma=0.3)
    net.forward()
    net.backward()
    truth = problem["labels"].astype(int)
    margins = iou_margins(truth, problem["unary"].argmin(axis=1), CLASSES, 0.3, VOID)
    expected = theano_crf.ssvm(problem["unary"], problem["weights"], truth, gamma=margins)
    scale = 1 / np.count_nonzero(truth != VOID)
    assert net.blobs["loss"].data == pytest.approx(expected.loss.sum() * scale, rel=1e-5)
    assert net.blobs["unary"].diff == pytest.approx(scale * expected.grad_unary, abs=1e-6)
    other = theano_crf.ssvm(problem["unary"], problem["weights"], truth, gamma=0.3)
    assert net.blobs["loss"].data != pytest.approx(other.loss.sum() * scale, rel=1e-3)


def test_health_is_the_share_of_labelled_pixels_that_the_augmented_labels_miss(tmp_path, problem):
    net = loss_net(tmp_path, problem, tops=("loss", "missed"))
    net.forward()
    augmented = theano_crf.ssvm(problem["unary"], problem["weights"], problem["labels"].astype(int)).labels
    truth = problem["labels"]
    pairs = [(a, b) for a, b in zip(augmented.ravel(), truth.ravel()) if b != VOID]
    assert net.blobs["missed"].data == pytest.approx(sum(a != b for a, b in pairs) / len(pairs))


@pytest.mark.parametrize("normalise", [True, False])
def test_the_certificate_has_the_unit_of_the_loss_and_no_gradient(tmp_path, problem, normalise):
    net = loss_net(tmp_path, problem, ("loss", "missed", "certificate"), 0, normalise=normalise, iterations=1)
    net.forward()
    net.backward()
    expected = theano_crf.ssvm(problem["unary"], problem["weights"], problem["labels"].astype(int), iterations=1)
    scale = 1 / np.count_nonzero(problem["labels"] != VOID) if normalise else 1
    assert net.blobs["certificate"].data == pytest.approx(expected.certificate.sum() * scale, rel=1e-5)
    assert net.blobs["certificate"].data > net.blobs["loss"].data
    assert not net.blobs["unary"].diff.any() and not net.blobs["weights"].diff.any()


def test_a_batch_of_void_has_no_loss_and_no_gradient(tmp_path, problem):
    problem["labels"][...] = VOID
    net = loss_net(tmp_path, problem)
    net.forward()
    net.backward()
    assert net.blobs["loss"].data == 0
    assert not net.blobs["unary"].diff.any() and not net.blobs["weights"].diff.any()


@pytest.mark.parametrize("blob, value, word", [
    ("unary", np.nan, "unary"), ("weights", -1.0, "weights"), ("labels", 7.0, "7"),
    ("labels", 1.5, "the label 1.5; labels must be whole numbers")])
def test_bad_values_are_named_and_the_traceback_is_shown(tmp_path, problem, capfd, blob, value, word):
    problem[blob][0, 1, 2] = value
    net = loss_net(tmp_path, problem)
    with pytest.raises(ValueError, match=word):
        net.forward()
    assert "Traceback" in capfd.readouterr().err


def test_the_wrong_number_of_blobs_is_named(tmp_path, problem):
    with pytest.raises(ValueError, match="1 bottom blobs, allowed is 2"):
        make_net(tmp_path, "CRFInference", {"unary": problem["unary"]}, ["labels"])
