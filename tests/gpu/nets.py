"""Scores and gradients of an FCN on a device."""

import tempfile
from pathlib import Path

import caffe
import numpy as np
from caffe import layers as L
from google.protobuf import text_format

from prototxt.fcn import Architecture, add_fcn

ENGINES = {"CAFFE": 1, "CUDNN": 2}
WITH_ENGINE = {"Convolution": "convolution_param", "Deconvolution": "convolution_param", "Pooling": "pooling_param",
               "ReLU": "relu_param"}


def fcn(stride, padding, engine):
    """Return a narrow FCN as a NetParameter; its pooling layers meet odd sizes.

    Parameters
    ----------
    stride : {32, 16, 8}
    padding : {"fcn", "same"}
    engine : {"CAFFE", "CUDNN"}
        Computes its layers on a GPU.
    """
    net = caffe.NetSpec()
    net.data = L.Input(shape=dict(dim=[2, 3, 75, 91]))
    add_fcn(net, Architecture(5, 1 / 16, padding), stride)
    message = net.to_proto()
    message.force_backward = True
    for layer in message.layer:
        if layer.type in WITH_ENGINE:
            getattr(layer, WITH_ENGINE[layer.type]).engine = ENGINES[engine]
    return message


def randomise(net, generator):
    """Give every trained blob of a net values with which activations keep their scale (He et al. 2015)."""
    for name in sorted(net.params):
        if name.startswith(("conv", "fc", "score")):
            weights, bias = (blob.data for blob in net.params[name])
            weights[...] = generator.normal(0, (2 / weights[0].size) ** 0.5, weights.shape)
            bias[...] = generator.normal(0, 0.1, bias.shape)


def scores_and_gradients(message, number, seed):
    """Run a net forward and backward on an image, weights and gradients of the scores that follow from a seed.

    Parameters
    ----------
    message : bytes
        A NetParameter.
    number : int or None
        The GPU's number; None for the processor.

    Returns
    -------
    dict of str to array
        "score", and the gradients of "data" and of each blob of the parameters.
    """
    if number is None:
        caffe.set_mode_cpu()
    else:
        caffe.set_device(number)
        caffe.set_mode_gpu()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.prototxt"
        path.write_text(text_format.MessageToString(caffe.proto.caffe_pb2.NetParameter.FromString(message)))
        net = caffe.Net(str(path), caffe.TEST)
    generator = np.random.default_rng(seed)
    randomise(net, generator)
    net.blobs["data"].data[...] = generator.normal(0, 1, net.blobs["data"].data.shape)
    net.forward()
    net.blobs["score"].diff[...] = generator.normal(0, 1, net.blobs["score"].data.shape)
    net.backward()
    arrays = {"score": net.blobs["score"].data.copy(), "data": net.blobs["data"].diff.copy()}
    for name, blobs in net.params.items():
        if not name.startswith("upscore"):  # fixed
            arrays.update({f"{name} {index}": blob.diff.copy() for index, blob in enumerate(blobs)})
    return arrays


def difference(measured, expected):
    """Return the norm of the difference of two arrays, relative to that of the second."""
    assert measured.shape == expected.shape and np.isfinite(measured).all()
    norm = np.linalg.norm(expected.astype(np.float64))
    assert norm > 0
    return np.linalg.norm(measured.astype(np.float64) - expected) / norm
