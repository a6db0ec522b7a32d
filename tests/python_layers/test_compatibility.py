"""Layers with any neighbourhood, label compatibilities, fixed and learnt, and margins of any cost."""

import json

import caffe
import numpy as np
import pytest

import theano_crf

from .test_crf import INPUT, LAYER, VOID, make_net

CLASSES, NEIGHBOURS = 3, ((0, 1), (1, 0), (1, -1))
MATRIX = [[0, 1, 3], [1, 0, 0.5], [3, 0.5, 0]]
GAMMA = [[0, 0.2, 0.4], [1, 0, 0.1], [0.3, 0.2, 0]]


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    image = generator.uniform(0, 255, (2, 3, 6, 7)).astype(np.float32)
    labels = generator.integers(0, CLASSES, (2, 6, 7)).astype(np.float32)
    labels[generator.random(labels.shape) < 0.2] = VOID
    return dict(image=image, unary=generator.normal(0, 1, (2, CLASSES, 6, 7)).astype(np.float32),
                weights=theano_crf.contrast_weights(image / 255, alpha=3.0, neighbours=NEIGHBOURS), labels=labels)


def layer(net, name):
    return net.layers[list(net._layer_names).index(name)]


def loss_net(tmp_path, problem, loss_weight=1, **parameters):
    inputs = {name: problem[name] for name in ("unary", "weights", "labels")}
    rest = f"loss_weight: {loss_weight} propagate_down: true propagate_down: true propagate_down: false"
    return make_net(tmp_path, "SSVMLoss", inputs, ["loss"], rest, neighbours=NEIGHBOURS, **parameters)


def expected(problem, gamma=0.1, compatibility=None):
    return theano_crf.ssvm(problem["unary"], problem["weights"], problem["labels"].astype(int), gamma,
                           neighbours=NEIGHBOURS, compatibility=compatibility)


def test_contrast_weights_have_a_channel_per_neighbour(tmp_path, problem):
    net = make_net(tmp_path, "ContrastWeights", {"image": problem["image"]}, ["weights"], alpha=3.0,
                   neighbours=NEIGHBOURS)
    net.forward()
    assert net.blobs["weights"].data == pytest.approx(problem["weights"], abs=1e-4)


@pytest.mark.parametrize("compatibility", [None, MATRIX, [MATRIX, MATRIX, [[0, 9, 0], [0, 0, 0], [0, 0, 1]]]])
def test_inference_is_dual_mm(tmp_path, problem, compatibility):
    inputs = {name: problem[name] for name in ("unary", "weights")}
    net = make_net(tmp_path, "CRFInference", inputs, ["labels", "bound", "energy"], neighbours=NEIGHBOURS,
                   compatibility=compatibility, decode="icm")
    net.forward()
    solution = theano_crf.dual_mm(problem["unary"], problem["weights"], 15, "icm", neighbours=NEIGHBOURS,
                                  compatibility=compatibility)
    assert np.array_equal(net.blobs["labels"].data, solution.labels)
    assert net.blobs["bound"].data == pytest.approx(solution.lower_bound, rel=1e-6)
    assert len(layer(net, "CRFInference").blobs) == 0


@pytest.mark.parametrize("gamma", [0.3, GAMMA])
@pytest.mark.parametrize("compatibility", [None, MATRIX])
def test_loss_and_gradients(tmp_path, problem, compatibility, gamma):
    net = loss_net(tmp_path, problem, compatibility=compatibility, gamma=gamma, normalise=False)
    net.forward()
    net.backward()
    structured = expected(problem, gamma, compatibility)
    assert net.blobs["loss"].data == pytest.approx(structured.loss.sum(), rel=1e-5)
    assert net.blobs["unary"].diff == pytest.approx(structured.grad_unary, abs=1e-6)
    assert net.blobs["weights"].diff == pytest.approx(structured.grad_weights, abs=1e-6)


@pytest.mark.parametrize("loss_weight", [0, 1, 2])
@pytest.mark.parametrize("directed", [False, True])
def test_a_learnt_compatibility_is_a_blob_with_a_gradient(tmp_path, problem, directed, loss_weight):
    net = loss_net(tmp_path, problem, loss_weight, learn_compatibility=True, directed=directed)
    blob, = layer(net, "SSVMLoss").blobs
    potts = np.broadcast_to(1 - np.eye(CLASSES), (3, CLASSES, CLASSES))
    np.testing.assert_array_equal(blob.data, potts)
    blob.diff[...] = 0
    for passes in (1, 2):  # gradients add up, as Caffe's option iter_size wants
        net.forward()
        net.backward()
        gradient = expected(problem, compatibility=potts).grad_compatibility
        if not directed:
            gradient = (gradient + gradient.swapaxes(1, 2)) / 2
        scale = loss_weight / np.count_nonzero(problem["labels"] != VOID)
        assert blob.diff == pytest.approx(passes * scale * gradient, abs=1e-5)
    assert loss_weight == 0 or np.count_nonzero(blob.diff) > 3


def test_the_diagonal_of_a_learnt_compatibility_may_have_no_gradient(tmp_path, problem):
    gradients = {}
    for learn_diagonal in (False, True):
        net = loss_net(tmp_path, problem, learn_compatibility=True, learn_diagonal=learn_diagonal)
        net.forward()
        net.backward()
        gradients[learn_diagonal], = [blob.diff.copy() for blob in layer(net, "SSVMLoss").blobs]
    unequal = 1 - np.eye(CLASSES)
    np.testing.assert_array_equal(gradients[False], gradients[True] * unequal)
    assert np.any(gradients[True] * (1 - unequal)) and np.any(gradients[False])


@pytest.mark.parametrize("directed", [False, True])
def test_a_learnt_compatibility_is_kept_in_order(tmp_path, problem, directed):
    net = loss_net(tmp_path, problem, compatibility=MATRIX, learn_compatibility=True, directed=directed)
    blob, = layer(net, "SSVMLoss").blobs
    np.testing.assert_array_equal(blob.data, [np.float32(MATRIX)] * 3)
    blob.data[1] = [[-1, 2, 3], [0, 0, 0.5], [3, -4, 0.25]]
    net.forward()
    assert blob.data[1].tolist() == ([[0, 2, 3], [0, 0, 0.5], [3, 0, 0.25]] if directed
                                     else [[0, 1, 3], [1, 0, 0], [3, 0, 0.25]])
    assert layer(net, "SSVMLoss").compatibility.clipped == (2 if directed else 3)
    structured = expected(problem, compatibility=blob.data.copy())
    scale = 1 / np.count_nonzero(problem["labels"] != VOID)
    assert net.blobs["loss"].data == pytest.approx(scale * structured.loss.sum(), rel=1e-4)


def test_a_solver_learns_a_compatibility_that_inference_shares(tmp_path, problem):
    """Steps of the net's solver move the shared blob, and keep its snapshot."""
    text = ""
    for blob in ("unary", "weights", "labels"):
        text += INPUT.format(blob, " ".join(f"dim: {size}" for size in problem[blob].shape))
    shared = 'param { name: "compatibility" lr_mult: 1 decay_mult: 0 }'
    parameters = json.dumps(dict(neighbours=NEIGHBOURS, learn_compatibility=True))
    text += LAYER.format(name="SSVMLoss", bottoms='bottom: "unary" bottom: "weights" bottom: "labels"',
                         tops='top: "loss"', rest=shared + " loss_weight: 1", parameters=parameters)
    text += LAYER.format(name="CRFInference", bottoms='bottom: "unary" bottom: "weights"', tops='top: "found"',
                         rest=shared + " propagate_down: false propagate_down: false", parameters=parameters)
    (tmp_path / "net.prototxt").write_text(text)
    (tmp_path / "solver.prototxt").write_text(
        f'net: "{tmp_path}/net.prototxt" base_lr: 0.05 lr_policy: "fixed" type: "SGD" max_iter: 100 snapshot: 0 '
        f'snapshot_after_train: false\n')
    solver = caffe.get_solver(str(tmp_path / "solver.prototxt"))
    for blob in ("unary", "weights", "labels"):
        solver.net.blobs[blob].data[...] = problem[blob]
    losses = []
    for _ in range(20):
        solver.step(1)
        losses.append(float(solver.net.blobs["loss"].data))
    learnt, = layer(solver.net, "SSVMLoss").blobs
    np.testing.assert_array_equal(layer(solver.net, "CRFInference").blobs[0].data, learnt.data)
    assert losses[-1] < losses[0] and np.abs(learnt.data - 1 + np.eye(CLASSES)).max() > 0.01
    solver.net.save(str(tmp_path / "learnt.caffemodel"))
    other = caffe.Net(str(tmp_path / "net.prototxt"), str(tmp_path / "learnt.caffemodel"), caffe.TEST)
    np.testing.assert_array_equal(layer(other, "SSVMLoss").blobs[0].data, learnt.data)


@pytest.mark.parametrize("parameters, words", [
    (dict(compatibility=[[0, 1], [1, 0]]), "compatibility has shape .2, 2.; with K = 3 labels"),
    (dict(compatibility=[[0, 1, 2], [1, 0], [1, 1, 0]]), "rows of several lengths"),
    (dict(gamma=[[0, 1], [1, 0]]), "gamma has shape"),
    (dict(neighbours=[[0, 1]]), "weights has shape")])
def test_what_does_not_fit_is_one_sentence(tmp_path, problem, parameters, words):
    inputs = {name: problem[name] for name in ("unary", "weights", "labels")}
    with pytest.raises(ValueError, match=words) as error:
        make_net(tmp_path, "SSVMLoss", inputs, ["loss"], **{"neighbours": NEIGHBOURS, **parameters}).forward()
    assert "\n" not in str(error.value)
