"""Provenance of a snapshot: solver, net, data and starting weights, by which a run recognises its own snapshots."""

import hashlib
import json
from typing import NamedTuple

from caffe.proto import caffe_pb2
from google.protobuf import text_format

from data_prep.digests import file_digest
from data_prep.store.records import open_records
from experiments.nets.definitions import DATA_LAYER

# Fields of dataset.json that identify a dataset; any other image changes the mean colour.
DESCRIPTION = ("name", "label_ids", "mean_bgr", "splits", "sizes", "seed", "subsampling", "void")
# Fields of a solver that do not change the steps of training: limits and paths.
LIMITS = ("net", "train_net", "test_net", "test_iter", "test_interval", "test_initialization", "max_iter", "display",
          "average_loss", "snapshot", "snapshot_prefix")


class Origin(NamedTuple):
    """Provenance of a run, by which its snapshots are recognised.

    Attributes
    ----------
    solver, net : str
        Prototxts, without paths and limits.
    dataset : str
        Digest of the training data's description and keys.
    start : str
        Digest of the weights that the stage starts from; empty where it starts from random ones.
    """

    solver: str
    net: str
    dataset: str
    start: str

    def difference(self, record):
        """Return the first difference to a snapshot's record, in words that follow its name; '' if there is none."""
        for field, words in (("net", "belongs to another net"), ("solver", "was made with another configuration")):
            there, here = str(record.get(field)), getattr(self, field)
            if there != here:
                return f"{words}: {_first_difference(there, here)}"
        if record.get("dataset") != self.dataset:
            return "was trained on other data than the LMDB now holds"
        if record.get("start") != self.start:
            return "started from other weights than those that are there now"
        return ""


def read_origin(solver, net, metadata, lmdb, start):
    """Return the origin of a run.

    Parameters
    ----------
    solver : caffe.proto.caffe_pb2.SolverParameter
    net : caffe.proto.caffe_pb2.NetParameter
        The training net.
    metadata : data_prep.store.metadata.Metadata
    lmdb : pathlib.Path
        The folder that holds train/.
    start : pathlib.Path or None
        The weights that the stage starts from.
    """
    return Origin(_solver_text(solver), _net_text(net), _data_digest(metadata, lmdb),
                  "" if start is None else file_digest(start))


def _solver_text(parameter):
    copy = caffe_pb2.SolverParameter()
    copy.CopyFrom(parameter)
    for field in LIMITS:
        copy.ClearField(field)
    return text_format.MessageToString(copy)


def _net_text(parameter):
    copy = caffe_pb2.NetParameter()
    copy.CopyFrom(parameter)
    for layer in copy.layer:
        if layer.python_param.layer == DATA_LAYER:
            values = json.loads(layer.python_param.param_str)
            values.pop("source", None)  # the data themselves are compared by their digest
            layer.python_param.param_str = json.dumps(values, sort_keys=True)
        if layer.type == "InfogainLoss":
            weights = layer.infogain_loss_param
            weights.source = file_digest(weights.source)
    return text_format.MessageToString(copy)


def _data_digest(metadata, lmdb):
    description = {name: getattr(metadata, name) for name in DESCRIPTION}
    digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode())
    for key in open_records(str(lmdb / "train")).keys:
        digest.update(key + b"\n")
    return digest.hexdigest()


def _first_difference(there, here):
    there, here = there.splitlines(), here.splitlines()
    pairs = list(zip(there, here)) + [(line, "nothing") for line in there[len(here):]] + [
        ("nothing", line) for line in here[len(there):]]
    old, new = next(pair for pair in pairs if pair[0] != pair[1])
    return f"'{old.strip()}' there, '{new.strip()}' here"
