"""Weights that a stage ended with, beside the nets and the configuration that are there now."""

from caffe.proto import caffe_pb2

from experiments.nets.definitions import read_prototxt
from experiments.settings.build_paths import FINAL, Build
from experiments.training.provenance import read_origin
from experiments.training.snapshots import Snapshots
from prototxt.stages import find_stage


def changes_since_training(build, stages):
    """Return a sentence for each stage whose net, solver, data or starting weights are others now than in its training.

    A stage has none where that is not known: without weights, nets, a snapshot's record or its predecessor's weights.

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
    predecessor = find_stage(stage).predecessor
    if predecessor is None or not (build.stage(stage) / FINAL).exists():
        return ""
    snapshots = Snapshots(build.stage(stage), None, writes=False)
    try:
        record = snapshots.read_record(next(iter(snapshots.iterations()), None))
        solver, net = (read_prototxt(build.net(stage, kind), message) for kind, message in (
            ("solver", caffe_pb2.SolverParameter), ("train", caffe_pb2.NetParameter)))
        start = build.weights(predecessor)
    except (FileNotFoundError, ValueError):
        return ""
    return read_origin(solver, net, build.metadata(), build.lmdb, start).difference(record)
