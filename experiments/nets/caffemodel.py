"""Weights on disk (caffemodels): checks that they are whole and fit a net."""

from pathlib import Path

import numpy as np
from caffe.proto import caffe_pb2
from google.protobuf.message import DecodeError

from prototxt.learnt import LEARNT_LAYERS


def read_blob_shapes(path):
    """Return {layer name: [shape of each blob]} of a caffemodel.

    Raises
    ------
    ValueError
        If the file is no caffemodel or is truncated.
    """
    return {layer.name: [tuple(blob.shape.dim) for blob in layer.blobs] for layer in _layers(path)}


def read_learnt_blobs(path):
    """Return {layer name: [each blob as an array]} of the learnt terms in a caffemodel; errors as above."""
    return {layer.name: [np.array(blob.data, np.float32).reshape(blob.shape.dim) for blob in layer.blobs]
            for layer in _layers(path) if layer.name in LEARNT_LAYERS}


def _layers(path):
    """Return the layers with blobs of a caffemodel."""
    model = caffe_pb2.NetParameter()
    try:
        model.ParseFromString(Path(path).read_bytes())
    except DecodeError:
        raise ValueError(f"{path} is not a caffemodel or is truncated; remove it and start the command again.") \
            from None
    return [layer for layer in model.layer if layer.blobs]


def net_blob_shapes(net):
    """Return {layer name: [shape of each blob]} of a net, without the data layers."""
    return {name: [blob.data.shape for blob in blobs] for name, blobs in net.params.items()
            if not name.startswith("data_")}


def check_fits(net, path, new_layers=frozenset(), old_layers=frozenset()):
    """Check that a caffemodel has exactly the blobs of a net.

    Parameters
    ----------
    net : caffe.Net
    path : path
    new_layers, old_layers : set of str
        Layers that may be in the net alone, and in the file alone.

    Returns
    -------
    copied, new, dropped : list of str
        Names of layers that are in both, in the net alone and in the file alone.

    Raises
    ------
    ValueError
        One sentence naming the first layer that is missing, has another shape, or is in the file alone.
    """
    stored, needed = read_blob_shapes(path), net_blob_shapes(net)
    for name, shapes in needed.items():
        if name not in stored:
            if name not in new_layers:
                raise ValueError(f"{path} belongs to another net: it has no layer {name}; "
                                 "train the stage it comes from with the same configuration.")
        elif stored[name] != shapes:
            raise ValueError(f"{path} belongs to another net: its layer {name} has blobs of shapes {stored[name]}, "
                             f"the net has {shapes}; train the stage it comes from with the same configuration.")
    dropped = [name for name in stored if name not in needed and not name.startswith("data_")]
    for name in dropped:
        if name not in old_layers:
            raise ValueError(f"{path} belongs to another net: its layer {name} is not in this one; "
                             "train the stage it comes from with the same configuration.")
    return [name for name in needed if name in stored], [name for name in needed if name not in stored], dropped


def copy_learnt_terms(net, path):
    """Copy the learnt terms of a CRF from a caffemodel into the CRF's net, which has no other blobs.

    Terms that the file lacks stay as they are, the paper's.

    Raises
    ------
    ValueError
        If the file is damaged, or has learnt terms that the net lacks or that have other shapes there.
    """
    others = read_blob_shapes(path).keys() - LEARNT_LAYERS
    check_fits(net, path, LEARNT_LAYERS, others)
    for name, learnt in read_learnt_blobs(path).items():
        for blob, values in zip(net.params[name], learnt):
            blob.data[...] = values
