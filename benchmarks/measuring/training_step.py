"""The CRF's share of a joint training step: the paper's net, FCN-8s on VGG16, with the SSVM loss on one frame."""

import functools
import time
from pathlib import Path

import caffe
from caffe.proto import caffe_pb2
from google.protobuf import text_format

from benchmarks.measuring.fresh_process import in_fresh_process
from benchmarks.measuring.peak_memory import peak
from data_prep.atomic_files import write_atomically
from data_prep.pairs import Entry
from data_prep.progress import Progress
from data_prep.store.lmdb_writer import write_split
from experiments.settings.crf_config import CRFConfig
from prototxt.fcn import Architecture
from prototxt.nets import train_net
from prototxt.stages import JOINT

CRF_LAYERS = {"unary", "weights", "loss"}


def measure_training_step(source, rounds, folder, width=1.0):
    """Time steps of stage 4 in a process of their own; the parameters are those of `time_steps`.

    Returns
    -------
    dict
        Of `time_steps`, the lists step and crf; and peak_bytes of the process.
    """
    return in_fresh_process(_measure, source, rounds, folder, width)


def _measure(source, rounds, folder, width):
    seconds = time_steps(source, rounds, folder, width)
    return {"step": seconds["step"], "crf": seconds["crf"], "peak_bytes": peak()}


def time_steps(source, rounds, folder, width=1.0, wait=lambda: None):
    """Time steps of stage 4 from random weights: what a step costs does not depend on their values.

    Parameters
    ----------
    source : benchmarks.measuring.problem.Source
        The frame; the labels of greatest probability stand for the truth.
    rounds : int
        Steps that are timed, after one that is not.
    folder : path
        The frame's LMDB and the nets are written below it.
    width : float
        Of the net, see `prototxt.fcn.Architecture`.
    wait : callable
        Returns when the device has done what it was told to.

    Returns
    -------
    dict of str to list of float
        Seconds per step, of the parts that `time_step` tells apart.
    """
    solver = joint_solver(source, Path(folder) / "training-step", width)
    steps = []
    with Progress("training step", 0, rounds + 1, "step") as progress:
        for _ in range(rounds + 1):
            steps.append(time_step(solver, wait))
            progress.advance()
    return {part: [step[part] for step in steps[1:]] for part in steps[0]}


def time_step(solver, wait):
    """Time one step; the parameters are a solver from `joint_solver`, and `wait` of `time_steps`.

    Returns
    -------
    dict of str to float
        Seconds: forward and backward of the FCN, crf (forward and backward of `CRF_LAYERS`), and step, all three with
        the data and the update.
    """
    net, seconds = solver.net, dict.fromkeys(("forward", "backward", "crf", "step"), 0.0)
    wait()
    began = time.perf_counter()
    net.clear_param_diffs()
    layers = list(enumerate(net._layer_names))
    for direction, work, order in (("forward", net._forward, layers), ("backward", net._backward, layers[::-1])):
        for index, name in order:
            begin = time.perf_counter()
            work(index, index)
            wait()
            if name in CRF_LAYERS:
                seconds["crf"] += time.perf_counter() - begin
            elif list(net._bottom_ids(index)):  # not the data
                seconds[direction] += time.perf_counter() - begin
    solver.apply_update()
    wait()
    seconds["step"] = time.perf_counter() - began
    return seconds


def joint_solver(source, folder, width):
    """Return a solver of stage 4 whose only image is a frame; the parameters are those of `time_steps`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_split(str(folder / "lmdb"), [Entry("frame", functools.partial(frame_with_labels, source))], "frame")
    data = {"source": str(folder / "lmdb"), "mean_bgr": [104.0, 117.0, 123.0], "batch": 1, "shuffle": False,
            "mirror": False, "seed": 0}
    labels = source.load().probability.shape[1]
    net = train_net(JOINT, Architecture(labels, width), data, CRFConfig().dict(), normalise=True)
    write_atomically(folder / "train.prototxt", text_format.MessageToString(net))
    parameter = caffe_pb2.SolverParameter(train_net=str(folder / "train.prototxt"), type="SGD", base_lr=1e-10,
                                          lr_policy="fixed", momentum=0.99, random_seed=0)
    write_atomically(folder / "solver.prototxt", text_format.MessageToString(parameter))
    return caffe.get_solver(str(folder / "solver.prototxt"))


def frame_with_labels(source):
    """Return a source's image and its labels of greatest probability, as a dataset's entry does."""
    problem = source.load()
    return problem.image, problem.probability[0].argmax(axis=0).astype("uint8")
