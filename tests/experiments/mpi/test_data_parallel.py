"""Training under the real mpirun: the same weights as by one process, and what becomes of a job that ends early."""

import os
import shutil
import signal
import subprocess
import sys
import time

import caffe
import numpy as np
import psutil
import pytest

from experiments.nets.caffemodel import read_blob_shapes
from experiments.training import train_stage
from experiments.training.log import read_log
from prototxt.learnt import LEARNT_LAYERS
from tests.experiments.tiny_experiment import CONFIG, make_experiment

SECONDS_TO_START = 200


@pytest.fixture
def start_job(tmp_path):
    """Return a function that starts a stage of `tmp_path`'s experiment on several processes."""
    jobs = []

    def start(processes, stage):
        jobs.append(subprocess.Popen(
            [sys.executable, "-m", "experiments.parallel", "--processes", str(processes), "experiments.train",
             "--config", str(tmp_path / "tiny.yaml"), "--build", str(tmp_path / "build"), "--stage", stage],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True))
        return jobs[-1]
    yield start
    for job in jobs:
        job.kill()


def settings(stage, **changes):
    return {stage: dict(CONFIG[stage], **changes)}


def read_weights(path):
    """Return {layer: its weights and biases as one vector} of a caffemodel, and the data layer's count of batches."""
    model = caffe.proto.caffe_pb2.NetParameter()
    model.ParseFromString(path.read_bytes())
    weights = {layer.name: np.concatenate([blob.data for blob in layer.blobs]) for layer in model.layer if layer.blobs}
    counts = [weights.pop(name)[0] for name in list(weights) if name.startswith("data_")]
    return weights, sum(counts)


def save_random_weights(build, stage):
    """Give a stage random weights as its result, the score layers' too."""
    caffe.set_random_seed(1)
    net = caffe.Net(str(build / "nets" / stage / "deploy.prototxt"), caffe.TEST)
    for name, blobs in net.params.items():
        if name.startswith("score"):
            blobs[0].data[...] = np.random.default_rng(len(name)).normal(0, 0.005, blobs[0].data.shape)
    (build / stage).mkdir(exist_ok=True)
    net.save(str(build / stage / "final.caffemodel"))


@pytest.fixture
def trained(tmp_path, make_dataset):
    """Train stage 3 a little: where labels are still open, the CRF's follow from the last bit of the CNN's scores."""
    config, build = make_experiment(tmp_path, make_dataset, net=NET,
                                    **settings("stage3", base_lr=3e-3, iterations=300, validate_every=300))
    save_random_weights(build, "stage2")
    train_stage.train_stage(config, "stage3", build)
    return build


NET = dict(width=1 / 32, padding="same", dropout=0.2)
LEARNT = dict(iterations=3, learn_contrast=True, pairwise_net="image and probabilities",
              learn_compatibility="directed", learn_class_bias=True)
STEPS = dict(iterations=5, validate_every=5)


@pytest.mark.parametrize("stage, before, loss", [
    ("stage3", "stage2", dict(batch=12)), ("stage3", "stage2", dict(batch=3, iter_size=4)),
    ("stage3", "stage2", dict(type="SGD", base_lr=1e-7, normalise=False, batch=2, iter_size=6)),
    ("stage4", "stage3", dict(type="Adam", base_lr=1e-5, batch=12))])
def test_several_processes_take_the_steps_of_one(tmp_path, make_dataset, start_job, trained, stage, before, loss):
    config, build = make_experiment(tmp_path, make_dataset, net=NET, **settings(stage, **loss, **STEPS))
    shutil.rmtree(build / stage, ignore_errors=stage == "stage4")
    train_stage.train_stage(config, stage, build)
    (build / stage).rename(build / "one")
    for processes in (2, 3, 4):
        job = start_job(processes, stage[-1])
        _, errors = job.communicate(timeout=SECONDS_TO_START)
        assert (job.returncode, errors) == (0, "")
        assert_equal_runs(build / "one", build / stage, build / before, 5 * loss.get("iter_size", 1))
        if processes != 3:
            assert_equal_bits(build / "one", build / stage)
        (build / stage).rename(build / f"by{processes}")


def test_a_run_goes_on_with_another_number_of_processes(tmp_path, make_dataset, start_job, trained):
    loss = dict(batch=3, iter_size=2)
    config, build = make_experiment(tmp_path, make_dataset, net=NET, **settings("stage3", **loss, **STEPS))
    shutil.rmtree(build / "stage3")
    train_stage.train_stage(config, "stage3", build)
    (build / "stage3").rename(build / "one")
    for processes, iterations in ((2, 2), (3, 3), (1, 4), (6, 5)):
        make_experiment(tmp_path, make_dataset, net=NET,
                        **settings("stage3", **loss, iterations=iterations, validate_every=5))
        (build / "stage3" / "final.caffemodel").unlink(missing_ok=True)
        job = start_job(processes, "3")
        output, errors = job.communicate(timeout=SECONDS_TO_START)
        assert (job.returncode, errors) == (0, "") and (processes == 2 or "goes on from iteration" in output)
    assert_equal_runs(build / "one", build / "stage3", build / "stage2", 10, [0, 2, 3, 4, 5])


def test_learnt_terms_take_the_same_steps_on_several_processes(tmp_path, make_dataset, start_job, trained):
    changes = dict(net=NET, crf=LEARNT, **settings("stage4", type="Adam", base_lr=1e-5, batch=4, **STEPS))
    config, build = make_experiment(tmp_path, make_dataset, **changes)
    train_stage.train_stage(config, "stage4", build)
    (build / "stage4").rename(build / "one")
    for processes in (2, 4):
        _, errors = start_job(processes, "4").communicate(timeout=SECONDS_TO_START)
        assert errors == ""
        assert_equal_runs(build / "one", build / "stage4", build / "stage3", 5)
        assert_equal_bits(build / "one", build / "stage4")
        assert LEARNT_LAYERS <= read_weights(build / "stage4" / "final.caffemodel")[0].keys()
        (build / "stage4").rename(build / f"by{processes}")


def assert_equal_bits(one, several):
    (expected, _), (shared, _) = (read_weights(folder / "final.caffemodel") for folder in (one, several))
    for layer, weights in expected.items():
        np.testing.assert_array_equal(shared[layer], weights, err_msg=layer)


def assert_equal_runs(one, several, before, batches, validated=(0, 5)):
    (expected, count), (shared, shared_count), (start, _) = (
        read_weights(folder / "final.caffemodel") for folder in (one, several, before))
    assert shared_count == count == batches
    for layer, weights in expected.items():
        difference = np.linalg.norm(shared[layer] - weights)
        assert difference <= 1e-6 * np.linalg.norm(weights), layer
        if layer in start and not layer.startswith("upscore"):
            learned = np.linalg.norm(weights - start[layer])
            assert learned > 1e-5 * np.linalg.norm(weights) and difference <= 0.01 * learned, layer
    logs = [[record for record in read_log(folder / "log.jsonl") if record["kind"] == "validation"]
            for folder in (one, several)]
    assert [record["iteration"] for record in logs[1]] == list(validated)
    for alone, together in ((logs[0][0], logs[1][0]), (logs[0][-1], logs[1][-1])):
        assert together["classes"] == pytest.approx(alone["classes"], abs=0.1)
        assert together["confidence"] == pytest.approx(alone["confidence"], abs=2e-4)


def await_snapshot(job, folder):
    deadline = time.monotonic() + SECONDS_TO_START
    while not list(folder.glob("snapshot_iter_[1-9]*.json")):
        assert job.poll() is None and time.monotonic() < deadline, job.communicate()
        time.sleep(0.1)


def process_of_rank(job, rank):
    """Return the process of a rank below the launcher, not the one that reads its data."""
    for process in psutil.Process(job.pid).children(recursive=True):
        if process.environ().get("OMPI_COMM_WORLD_RANK") == str(rank):
            return process
    raise LookupError(rank)


def newest(folder):
    return max(int(path.stem.rpartition("_")[2]) for path in folder.glob("snapshot_iter_*.json"))


def test_a_killed_rank_ends_the_job_and_one_process_goes_on(tmp_path, make_dataset, start_job):
    _, build = make_experiment(tmp_path, make_dataset, **settings("stage1", iterations=10 ** 6))
    job = start_job(2, "1")
    await_snapshot(job, build / "stage1")
    process_of_rank(job, 1).kill()
    _, errors = job.communicate(timeout=600)
    assert job.returncode == 128 + signal.SIGKILL
    assert errors == (f"error: rank 1 on {os.uname().nodename} was killed by signal 9 (Killed), and so all were ended; "
                      "the same command goes on from what is saved.\n")

    kept = newest(build / "stage1")
    config, _ = make_experiment(tmp_path, make_dataset, **settings("stage1", iterations=kept + 4))
    train_stage.train_stage(config, "stage1", build)
    assert read_weights(build / "stage1" / "final.caffemodel")[1] == kept + 4


def test_a_signal_ends_the_job_after_a_snapshot_and_more_processes_go_on(tmp_path, make_dataset, start_job):
    steps = dict(batch=3, iter_size=2, validate_every=100000)
    _, build = make_experiment(tmp_path, make_dataset, **settings("stage1", iterations=10 ** 6, **steps))
    job = start_job(2, "1")
    deadline = time.monotonic() + SECONDS_TO_START
    while '"train"' not in log_text(build):
        assert job.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    job.send_signal(signal.SIGTERM)
    output, errors = job.communicate(timeout=600)
    assert (job.returncode, errors) == (128 + signal.SIGTERM, "")
    assert output.count("interrupted; the same command goes on from the last snapshot") == 1

    kept = newest(build / "stage1")
    assert kept > 0
    make_experiment(tmp_path, make_dataset, **settings("stage1", iterations=kept + 4, **steps))
    job = start_job(3, "1")
    output, errors = job.communicate(timeout=SECONDS_TO_START)
    assert (job.returncode, errors) == (0, "") and f"goes on from iteration {kept}" in output
    assert read_weights(build / "stage1" / "final.caffemodel")[1] == 2 * (kept + 4)


def log_text(build):
    path = build / "stage1" / "log.jsonl"
    return path.read_text() if path.exists() else ""


def test_a_loss_that_is_no_number_on_one_rank_ends_all(tmp_path, make_dataset, start_job):
    _, build = make_experiment(tmp_path, make_dataset, **settings("stage1", base_lr=1e30, iterations=10 ** 6))
    job = start_job(2, "1")
    _, errors = job.communicate(timeout=SECONDS_TO_START)
    assert job.returncode == 1
    assert "error: The loss" in errors and "the training has diverged" in errors and errors.count("\n") == 1
    assert read_blob_shapes(build / "stage1" / "snapshot_iter_0.caffemodel")


def test_a_number_of_processes_that_does_not_divide_the_images_is_refused(tmp_path, make_dataset, start_job):
    _, build = make_experiment(tmp_path, make_dataset, **settings("stage1", batch=2, iter_size=2))
    job = start_job(3, "1")
    _, errors = job.communicate(timeout=SECONDS_TO_START)
    assert job.returncode == 1 and errors.count("\n") == 1
    assert "3 processes cannot share the 4 images of an iteration" in errors and "NP=1 or 2 or 4" in errors


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one core")
def test_without_being_asked_training_takes_the_cores_that_divide_its_images(tmp_path, make_dataset):
    _, build = make_experiment(tmp_path, make_dataset, **settings("stage1", batch=2, iter_size=1))
    environment = {name: value for name, value in os.environ.items() if name != "NP"}
    done = subprocess.run(
        [sys.executable, "-m", "experiments.train", "--config", str(tmp_path / "tiny.yaml"), "--build", str(build),
         "--stage", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
        env={**environment, "OMP_NUM_THREADS": "2"}, timeout=SECONDS_TO_START)
    assert (done.returncode, done.stderr) == (0, "")
    assert "stage1: 2 processes share the 2 images of an iteration" in done.stdout
