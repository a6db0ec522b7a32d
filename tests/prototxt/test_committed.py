"""The committed nets and solvers of the paper's experiment: what the generator gives, and what the paper says."""

from pathlib import Path

import pytest
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from experiments.nets.definitions import KINDS, nominal_metadata, write_nets
from experiments.settings.config import load_config
from prototxt.stages import STAGES

REPOSITORY = Path(__file__).parents[2]
COMMITTED = Path("prototxt") / "cityscapes"
# Pascal's images have about 0.19 million pixels.
PIXELS = 1024 * 512 / 0.19e6


def read(stage, kind, message):
    return text_format.Parse((REPOSITORY / COMMITTED / stage / f"{kind}.prototxt").read_text(), message())


def test_they_are_what_the_generator_gives(tmp_path, monkeypatch):
    config = load_config(REPOSITORY / "experiments" / "configs" / "cityscapes.yaml")
    monkeypatch.chdir(tmp_path)
    write_nets(config, nominal_metadata("cityscapes"), Path("build") / "cityscapes", COMMITTED)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.rglob("*.prototxt")}
    committed = {path.relative_to(REPOSITORY): path.read_text()
                 for path in (REPOSITORY / COMMITTED).rglob("*") if path.is_file()}
    assert len(made) == len(STAGES) * len(KINDS)
    assert made == committed, "run make prototxts"


@pytest.mark.parametrize("stage, published", [("stage1", 1e-10), ("stage2", 1e-12), ("stage3", 1e-14)])
def test_solvers_of_the_fcn_are_the_published_ones_scaled_to_the_image(stage, published):
    solver = read(stage, "solver", caffe_pb2.SolverParameter)
    assert solver.base_lr == pytest.approx(published / PIXELS, rel=0.02)
    assert (solver.lr_policy, solver.momentum, solver.weight_decay) == ("fixed", pytest.approx(0.99),
                                                                        pytest.approx(0.0005))
    assert (solver.max_iter, solver.iter_size, solver.type) == (100000, 1, "SGD")


def test_the_solver_of_the_joint_stage_is_the_papers():
    solver = read("stage4", "solver", caffe_pb2.SolverParameter)
    assert solver.base_lr == pytest.approx(1e-10) and solver.lr_policy == "fixed"


@pytest.mark.parametrize("stage", STAGES)
def test_nets_are_vgg16_on_half_resolution_frames(stage):
    net = read(stage, "deploy", caffe_pb2.NetParameter)
    layers = {layer.name: layer for layer in net.layer}
    assert list(layers["data"].input_param.shape[0].dim) == [1, 3, 512, 1024]
    assert layers["conv1_1"].convolution_param.num_output == 64 and layers["conv1_1"].convolution_param.pad[0] == 100
    assert layers["fc6"].convolution_param.num_output == layers["fc7"].convolution_param.num_output == 4096
    assert layers["score_fr"].convolution_param.num_output == 19


@pytest.mark.parametrize("stage", STAGES)
def test_the_published_losses_are_sums(stage):
    layers = {layer.name: layer for layer in read(stage, "train", caffe_pb2.NetParameter).layer}
    loss = layers["loss"]
    if stage == "stage4":
        assert loss.python_param.layer == "SSVMLoss" and '"normalise": false' in loss.python_param.param_str
        assert '"gamma": 0.1' in loss.python_param.param_str and '"iterations": 15' in loss.python_param.param_str
        assert layers["weights"].python_param.param_str == '{"alpha": 35.0, "beta": 0.9, "lam": 2.5}'
    else:
        assert loss.loss_param.normalization == caffe_pb2.LossParameter.NONE and loss.loss_param.ignore_label == 255


@pytest.mark.parametrize("stage", STAGES)
def test_paths_lead_from_the_root_of_the_repository(stage):
    solver = read(stage, "solver", caffe_pb2.SolverParameter)
    assert (REPOSITORY / solver.train_net).is_file() and (REPOSITORY / solver.test_net[0]).is_file()
    assert solver.snapshot_prefix == f"build/cityscapes/{stage}/snapshot" and solver.test_iter[0] == 500
    train = (REPOSITORY / solver.train_net).read_text()
    assert '\\"source\\": \\"build/cityscapes/lmdb/train\\"' in train and "mean_bgr" not in train
