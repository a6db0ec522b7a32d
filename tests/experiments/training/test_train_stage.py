"""Training: all stages on a tiny dataset, going on after an interruption, and what is refused."""

import shutil
import signal
import subprocess

import caffe
import numpy as np
import pytest

from experiments.nets.definitions import generate_nets
from experiments.settings.build_paths import Build
from experiments.training import stage_run, train_stage
from experiments.training.log import read_log
from experiments.training.signals import Interrupted
from prototxt.learnt import LEARNT_LAYERS, PAIRWISE_LAYERS
from prototxt.stages import STAGES


def weights(path, net_path):
    net = caffe.Net(str(net_path), caffe.TEST, weights=str(path))
    return {(name, index): blob.data.copy() for name, blobs in net.params.items() if not name.startswith("data_")
            for index, blob in enumerate(blobs)}


def test_all_stages_train_from_each_other(experiment, monkeypatch):
    config, build = experiment
    monkeypatch.setattr(stage_run, "LOG_EVERY", 2)
    for stage in STAGES:
        train_stage.train_stage(config, stage, build)
        log = read_log(build / stage / "log.jsonl")
        validations = [record for record in log if record["kind"] == "validation"]
        assert [record["iteration"] for record in validations] == [0, 2, 4]
        assert all(0 <= record["classes"] <= 100 for record in validations)
        for record in (record for record in log if record["kind"] == "train"):
            joint = stage == "stage4"
            assert ("augmented_error" in record) is joint and ("certificate" in record) is joint
            assert not joint or record["certificate"] >= record["loss"] - 1e-4
    deploy = {stage: build / "nets" / stage / "deploy.prototxt" for stage in STAGES}
    learnt = {stage: weights(build / stage / "final.caffemodel", deploy[stage]) for stage in STAGES}
    for later, row in list(STAGES.items())[1:]:
        key = "conv3_1", 0
        change = np.abs(learnt[later][key] - learnt[row.predecessor][key]).max()
        assert 0 < change < 0.05  # went on from it, a few small steps


def test_scratch_leaves_initial_weights_alone(experiment, make_dataset, capsys, monkeypatch):
    config, build = experiment
    train_stage.train_stage(config, "stage1", build)
    config = config.copy(update={"initial_weights": str(build / "stage1" / "final.caffemodel")})
    monkeypatch.setattr(train_stage, "_copy_weights", lambda *rest: pytest.fail("it starts from random weights"))
    train_stage.train_stage(config, "scratch", build)
    outcome = Build(build).outcome("scratch")
    assert outcome["iterations"] == 16 and (build / "scratch" / "final.caffemodel").is_file()


def test_an_interrupted_stage_goes_on_to_the_same_weights(experiment, monkeypatch):
    config, build = experiment
    train_stage.train_stage(config, "stage1", build)
    net = build / "nets" / "stage1" / "deploy.prototxt"
    unbroken = weights(build / "stage1" / "final.caffemodel", net)
    shutil.rmtree(build / "stage1")

    step = train_stage.StageRun._step

    def interrupted_step(self, progress):
        if self.solver.iter == 2:
            signal.raise_signal(signal.SIGTERM)
        step(self, progress)

    monkeypatch.setattr(train_stage.StageRun, "_step", interrupted_step)
    with pytest.raises(Interrupted):
        train_stage.train_stage(config, "stage1", build)
    assert not (build / "stage1" / "final.caffemodel").exists()
    monkeypatch.setattr(train_stage.StageRun, "_step", step)
    train_stage.train_stage(config, "stage1", build)
    resumed = weights(build / "stage1" / "final.caffemodel", net)
    assert resumed.keys() == unbroken.keys()
    assert all(np.array_equal(resumed[key], unbroken[key]) for key in unbroken)
    iterations = [record["iteration"] for record in read_log(build / "stage1" / "log.jsonl")]
    assert iterations == sorted(iterations) and iterations[-1] == 4


LEARNT = {"joint-learnt-contrast": {"contrast"}, "joint-pairwise": {*PAIRWISE_LAYERS},
          "joint-compatibility-directed": {"compatibility"}, "joint-class-bias": {"class_bias"}}


@pytest.fixture
def with_stage_3(experiment):
    """Return (configuration, build folder) where stage 3 has weights, though untrained ones."""
    config, build = experiment
    net = caffe.Net(str(build / "nets" / "stage3" / "deploy.prototxt"), caffe.TEST)
    generator = np.random.default_rng(0)
    for name, blobs in net.params.items():
        if name.startswith("score"):
            blobs[0].data[...] = generator.normal(0, 0.3, blobs[0].data.shape)
    net.save(str(build / "stage3" / "final.caffemodel"))
    return config, build


@pytest.mark.parametrize("stage", LEARNT)
def test_learnt_terms_are_in_snapshots_and_go_on_to_the_same_bits(with_stage_3, monkeypatch, stage):
    """A run that ends without a word after its snapshot, as a killed one does, and one that gets a signal."""
    config, build = with_stage_3
    monkeypatch.setattr(stage_run, "LOG_EVERY", 1)
    train_stage.train_stage(config, stage, build)
    final = build / stage / "final.caffemodel"
    unbroken, deploy = final.read_bytes(), build / "nets" / stage / "deploy.prototxt"
    learnt = weights(final, deploy)
    first = weights(build / stage / "snapshot_iter_2.caffemodel", deploy)
    assert {name for name, _ in learnt if name in LEARNT_LAYERS} == LEARNT[stage]
    assert all((learnt[key] != first[key]).any() for key in learnt if key[0] in LEARNT[stage])
    logged = read_log(build / stage / "log.jsonl")
    assert len(logged) == 4 + 3 and all(("alpha" in record) is ("alpha" in logged[0]) for record in logged)
    assert ("alpha" in logged[-1]) is (stage == "joint-learnt-contrast")
    if "alpha" in logged[-1]:
        assert len(logged[-1]["lam"]) == 2 and logged[-1]["alpha"] > 0
        assert logged[-1]["alpha"] == pytest.approx(35 * np.exp(learnt["contrast", 0][0]), rel=1e-6)
    step = train_stage.StageRun._step
    for ended in (RuntimeError("killed"), signal.SIGTERM):
        shutil.rmtree(build / stage)

        def interrupted_step(self, progress):
            if self.solver.iter == 3:
                if isinstance(ended, Exception):
                    raise ended
                signal.raise_signal(ended)
            step(self, progress)

        monkeypatch.setattr(train_stage.StageRun, "_step", interrupted_step)
        with pytest.raises((RuntimeError, Interrupted)):
            train_stage.train_stage(config, stage, build)
        monkeypatch.setattr(train_stage.StageRun, "_step", step)
        train_stage.train_stage(config, stage, build)
        assert final.read_bytes() == unbroken


@pytest.mark.parametrize("iteration, kept", [(3, 2), (2, 2)])
def test_pairwise_costs_that_explode_end_as_divergence(with_stage_3, monkeypatch, iteration, kept):
    """In training, and in the validation after an update."""
    config, build = with_stage_3
    update = train_stage.StageRun.update

    def exploding_update(self):
        update(self)
        if self.solver.iter == iteration:
            self.solver.net.params["pairwise_score"][1].data[...] = 100  # a factor of 3e43

    monkeypatch.setattr(train_stage.StageRun, "update", exploding_update)
    with pytest.raises(stage_run.Diverged, match="A cost of the CRF is infinite or no number at iteration .* snapshot "
                                                 f"of iteration {kept} is kept. Try a lower base_lr"):
        train_stage.train_stage(config, "joint-pairwise-image", build)


def test_a_finished_stage_is_left_alone(experiment, capsys):
    config, build = experiment
    (build / "stage1" / "final.caffemodel").write_bytes(b"weights")
    train_stage.train_stage(config, "stage1", build)
    assert (build / "stage1" / "final.caffemodel").read_bytes() == b"weights"
    assert "nothing to do" in capsys.readouterr().out


def test_stage_1_starts_from_initial_weights(experiment, tmp_path):
    config, build = experiment
    path = tmp_path / "initial.caffemodel"
    net = caffe.Net(str(build / "nets" / "stage1" / "deploy.prototxt"), caffe.TEST)
    net.params["fc6"][0].data[...] = 0.125
    net.save(str(path))
    with_weights = config.copy(update={"initial_weights": str(path)})
    run = train_stage._prepare(with_weights, "stage1", Build(build), train_stage.Interruption())
    assert (run.solver.net.params["fc6"][0].data == 0.125).all()
    net.params["fc6"][0].data[0] = np.nan
    net.save(str(path))
    with pytest.raises(ValueError, match=f"A weight of fc6 in {path} is not finite; "):
        train_stage.train_stage(with_weights, "stage1", build)
    with pytest.raises(FileNotFoundError, match="make weights"):
        train_stage.train_stage(config.copy(update={"initial_weights": str(tmp_path / "none")}), "stage1", build)


def test_missing_weights_name_the_target(experiment):
    config, build = experiment
    with pytest.raises(FileNotFoundError, match="make train-stage2"):
        train_stage.train_stage(config, "stage3", build)


def test_an_upsampling_kernel_that_is_not_bilinear_is_refused(experiment):
    config, build = experiment
    net = build / "nets" / "stage1" / "train.prototxt"
    net.write_text(net.read_text().replace('type: "bilinear"', 'type: "constant"'))
    with pytest.raises(ValueError, match="upscore32 is not bilinear"):
        train_stage.train_stage(config, "stage1", build)


def test_weights_that_are_all_zero_are_refused(experiment):
    config, build = experiment
    net = caffe.Net(str(build / "nets" / "stage1" / "deploy.prototxt"), caffe.TEST)
    net.params["conv3_2"][0].data[...] = 0
    net.params["score_fr"][0].data[...] = 1
    net.save(str(build / "stage1" / "final.caffemodel"))
    with pytest.raises(ValueError, match="weights of conv3_2 are all zero"):
        train_stage.train_stage(config, "stage2", build)


def test_a_loss_that_is_not_finite_stops_the_run(experiment):
    config, build = experiment
    solver = build / "nets" / "stage1" / "solver.prototxt"
    solver.write_text(solver.read_text().replace("base_lr: 0.001", "base_lr: 1e30"))
    with pytest.raises(ValueError, match="Try a lower base_lr"):
        train_stage.train_stage(config, "stage1", build)


def test_the_stages_differ_in_their_solvers_alone_where_they_should(experiment):
    _, build = experiment
    solver = (build / "nets" / "control" / "solver.prototxt").read_text()
    assert solver.replace("control", "stage4") == (build / "nets" / "stage4" / "solver.prototxt").read_text()


def test_the_command_line_of_caffe_trains_the_crf_and_goes_on(experiment):
    _, build = experiment
    solver = build / "nets" / "stage4" / "solver.prototxt"
    solver.write_text(solver.read_text().replace("max_iter: 4", "max_iter: 10"))
    subprocess.run(["caffe", "train", "-solver", str(solver)], check=True, stderr=subprocess.DEVNULL)
    state = build / "stage4" / "snapshot_iter_10.solverstate"
    solver.write_text(solver.read_text().replace("max_iter: 10", "max_iter: 12"))
    subprocess.run(["caffe", "train", "-solver", str(solver), "-snapshot", str(state)], check=True,
                   stderr=subprocess.DEVNULL)
    model = caffe.proto.caffe_pb2.NetParameter()
    model.ParseFromString((build / "stage4" / "snapshot_iter_12.caffemodel").read_bytes())
    count, = [layer.blobs[0].data[0] for layer in model.layer
              if layer.name.startswith("data_") and layer.blobs]
    assert count == 12


def test_the_command_line_of_caffe_learns_terms(experiment):
    config, build = experiment
    learnt = {"learn_contrast": True, "pairwise_net": "image and probabilities", "learn_compatibility": "symmetric",
              "learn_class_bias": True}
    generate_nets(config.copy(update={"crf": config.crf.copy(update=learnt)}), build)
    solver = build / "nets" / "stage4" / "solver.prototxt"
    subprocess.run(["caffe", "train", "-solver", str(solver)], check=True, stderr=subprocess.DEVNULL)
    snapshot = weights(build / "stage4" / "snapshot_iter_4.caffemodel", solver.with_name("deploy.prototxt"))
    assert LEARNT_LAYERS <= {name for name, _ in snapshot} and snapshot["contrast", 2].shape == (2,)


def test_the_command_line_of_caffe_starts_a_stage_from_weights(experiment):
    config, build = experiment
    train_stage.train_stage(config, "stage1", build)
    learnt = weights(build / "stage1" / "final.caffemodel", build / "nets" / "stage1" / "deploy.prototxt")
    solver = build / "nets" / "stage2" / "solver.prototxt"
    text = solver.read_text().replace("max_iter: 4", "max_iter: 1").replace("base_lr: 0.001", "base_lr: 1e-12")
    solver.write_text(text)
    subprocess.run(["caffe", "train", "-solver", str(solver), "-weights",
                    str(build / "stage1" / "final.caffemodel")], check=True, stderr=subprocess.DEVNULL)
    continued = weights(build / "stage2" / "snapshot_iter_1.caffemodel", build / "nets" / "stage2" / "deploy.prototxt")
    for key in learnt.keys() - {("upscore32", 0)}:
        assert np.abs(continued[key] - learnt[key]).max() < 1e-9
