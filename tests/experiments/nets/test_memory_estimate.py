"""The memory that training needs: counted by hand for a small net."""

import caffe
import pytest

from experiments.nets import memory_estimate

NET = """
layer { name: "data" type: "DummyData" top: "data" top: "label"
        dummy_data_param { shape { dim: 1 dim: 3 dim: 10 dim: 12 } shape { dim: 1 dim: 10 dim: 12 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 3 pad: 1 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "pool" type: "Pooling" bottom: "conv" top: "pool" pooling_param { kernel_size: 2 stride: 2 } }
layer { name: "score" type: "Convolution" bottom: "pool" top: "score"
        convolution_param { num_output: 2 kernel_size: 1 } }
layer { name: "up" type: "Deconvolution" bottom: "score" top: "up"
        convolution_param { num_output: 2 group: 2 kernel_size: 4 stride: 2 pad: 1 bias_term: false } }
"""
LOSS = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "up" bottom: "label" top: "loss" }'
SOLVER = 'train_net: "{0}" test_net: "{1}" test_iter: 1 test_interval: 99 base_lr: 1 lr_policy: "fixed"'

CRF = """
layer { name: "data" type: "DummyData" top: "unary" top: "weights" top: "label"
        dummy_data_param { shape { dim: 2 dim: 3 dim: 16 dim: 48 } shape { dim: 2 dim: 2 dim: 16 dim: 48 }
                           shape { dim: 2 dim: 16 dim: 48 } } }
layer { type: "Python" bottom: "unary" bottom: "weights" %s
        python_param { module: "python_layers.crf" layer: "%s" param_str: '%s' } }
"""
PIXELS = 10 * 12
WEIGHTS = (4 * 3 * 9 + 4) + (2 * 4 + 2) + 2 * 16
BLOBS = {"data": 3 * PIXELS, "label": PIXELS, "conv": 4 * PIXELS, "pool": PIXELS, "score": PIXELS // 2,
         "up": 2 * PIXELS}
# columns of the 3 x 3 and of the transposed 4 x 4 convolution, places of the largest in each window
BUFFERS = 3 * 9 * PIXELS + 2 * 16 * (PIXELS // 4) + BLOBS["pool"]


@pytest.fixture
def solver(tmp_path):
    for name, text in (("train", NET + LOSS), ("val", NET)):
        (tmp_path / name).write_text(text)
    (tmp_path / "solver").write_text(SOLVER.format(tmp_path / "train", tmp_path / "val"))
    return caffe.get_solver(str(tmp_path / "solver"))


@pytest.mark.parametrize("solver_type, kept", [("SGD", 3), ("Adam", 5)])
def test_a_small_net_counted_by_hand(solver, solver_type, kept):
    inference = sum(BLOBS.values()) + BUFFERS
    gradients = sum(BLOBS.values()) - BLOBS["data"] - BLOBS["label"] + 1  # the loss is a number
    training = inference + gradients + 1 + BLOBS["up"]  # the softmax of the loss
    expected = 4 * (kept * WEIGHTS + training + inference)
    counted = memory_estimate.training_bytes(solver, solver_type, [(10, 12)], [(10, 12)], images=2)
    assert counted - memory_estimate.PROGRAM_BYTES == pytest.approx(expected)
    larger = memory_estimate.training_bytes(solver, solver_type, [(5, 12), (20, 12)], [(10, 36)], images=8)
    assert larger - memory_estimate.PROGRAM_BYTES == pytest.approx(
        4 * ((kept + 2) * WEIGHTS + 2 * training + 3 * inference))


@pytest.mark.parametrize("layer, blobs, numbers, parameters", [
    # two volumes of 3 classes, the edges of both directions, the labels
    ("CRFInference", 'top: "labels"', 2 * 3 + 2 + 1, "{}"),
    # two more volumes of one image of the two, for late iterations
    ("CRFInference", 'top: "labels"', 2 * 3 + 2 + 1 + 2 * 3 / 2, '{"iterations": 100}'),
    # other neighbours, though two: a volume more than there are directions
    ("CRFInference", 'top: "labels"', 3 * 3 + 2 + 1, '{"neighbours": [[1, 1], [1, -1]]}'),
    # and the truth, its check, its completion, and the gradients of both, which the layer keeps until it has the next
    # ones; for one image of the two the void pixels' problem: volumes and edges again, costs, edges and labels
    ("SSVMLoss", 'bottom: "label" top: "loss"', 2 * 3 + 2 + 1 + 3 + 2 * (3 + 2) + (2 * 3 + 2 + 3 + 2 + 1) / 2,
     "{}"),
])
def test_the_crfs_layers_counted_by_hand(tmp_path, layer, blobs, numbers, parameters):
    (tmp_path / "net").write_text(CRF % (blobs, layer, parameters))
    net = caffe.Net(str(tmp_path / "net"), caffe.TEST)
    counted = memory_estimate._inference_numbers(net) - sum(blob.count for blob in net.blobs.values())
    assert counted == numbers * 2 * 16 * 48


def test_the_lovasz_loss_keeps_its_gradient(tmp_path):
    text = CRF.replace('"weights"', '"label"').replace('top: "label" top: "label"', 'top: "label"').replace(
        "shape { dim: 2 dim: 2 dim: 16 dim: 48 }", "").replace("python_layers.crf", "python_layers").replace(
        '"unary"', '"prob"')
    (tmp_path / "net").write_text(text % ('top: "loss"', "LovaszLoss", "{}"))
    net = caffe.Net(str(tmp_path / "net"), caffe.TRAIN)
    blobs = sum(blob.count for blob in net.blobs.values())
    assert memory_estimate._inference_numbers(net) == blobs + 2 * 3 * 16 * 48


def test_what_does_not_fit_is_one_sentence(solver, monkeypatch):
    monkeypatch.setattr(memory_estimate, "available_bytes", lambda: 2.5e9)
    memory_estimate.check_memory(solver, "SGD", [(10, 12)], [(10, 12)], 1)
    with pytest.raises(RuntimeError, match=r"20000 x 10000 needs about \d+\.\d GB of memory and 2.5 GB are free"):
        memory_estimate.check_memory(solver, "SGD", [(10, 12)], [(10, 12), (10000, 20000)], 1)
