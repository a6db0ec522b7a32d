"""Weights that a stage ended with, beside the nets and the configuration that are there now."""

import json

from caffe.proto import caffe_pb2

from experiments.nets.definitions import read_prototxt
from experiments.settings.build_paths import FINAL, Build
from experiments.training.provenance import read_origin
from experiments.training.snapshots import RECORD, Snapshots
from prototxt.stages import find_stage


def changes_since_training(build, stages):
    """Return a sentence for each stage whose net, solver, data or starting weights are others now than in its training.

    A stage without weights, or without a snapshot's record, has none.

    Parameters
    ----------
    build : path
        Build folder of the experiment.
    stages : iterable of str

    Returns
    -------
    list of str
    """
    sentences = []
    for stage in stages:
        change = _change(Build(build), stage)
        if change:
            sentences.append(f"The weights of {stage} are from before a change: its snapshot {change}. Remove "
                             f"{Build(build).stage(stage)} to have it trained anew.")
    return sentences


def _change(build, stage):
    folder, predecessor = build.stage(stage), find_stage(stage).predecessor
    snapshots = Snapshots(folder, None, writes=False)
    records = [path for path in (snapshots.path(iteration, RECORD) for iteration in snapshots.iterations())
               if path.exists()]
    paths = [build.net(stage, kind) for kind in ("solver", "train")]
    if predecessor is None or not records or not all(path.exists() for path in [folder / FINAL, *paths]):
        return ""
    solver, net = (read_prototxt(path, message) for path, message in zip(
        paths, (caffe_pb2.SolverParameter, caffe_pb2.NetParameter)))
    origin = read_origin(solver, net, build.metadata(), build.lmdb, build.weights(predecessor))
    return origin.difference(json.loads(records[0].read_text()))
