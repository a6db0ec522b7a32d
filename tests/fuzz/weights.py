"""Fuzz target for VGG16's weights, as `data_prep.vgg16` reads and converts them."""

import os
import tempfile
import warnings

import numpy as np
from caffe.proto import caffe_pb2

from data_prep.errors import DataError
from data_prep.vgg16 import COLOURS, CONVOLUTIONS, WINDOWS, convert, read_model
from tests.fuzz.targets import outcome

warnings.simplefilter("ignore")  # protobuf warns of what it then reports
FOLDER = tempfile.mkdtemp(prefix="fuzz")


def check_caffemodel(data):
    """Check that a file of any bytes is refused, or gives a net with VGG16's shapes and the file's values."""
    path = os.path.join(FOLDER, "weights.caffemodel")
    with open(path, "wb") as stream:
        stream.write(data)
    converted = outcome(lambda: convert(read_model(path))[0], DataError)
    if converted is None:
        return
    stored = caffe_pb2.NetParameter.FromString(data)
    values = {layer.name: layer.blobs for layer in [*stored.layers, *stored.layer] if layer.blobs}
    channels = COLOURS
    assert [layer.name for layer in converted.layer] == list(WINDOWS)
    for layer in converted.layer:
        weights, biases = layer.blobs
        window = WINDOWS[layer.name]
        outputs = len(biases.data)
        assert tuple(weights.shape.dim) == (outputs, channels, window, window) and tuple(biases.shape.dim) == (outputs,)
        assert len(weights.data) == outputs * channels * window ** 2 > 0
        for blob, given in zip(layer.blobs, values[layer.name]):
            np.testing.assert_array_equal(np.array(blob.data), np.array(given.data))
        channels = outputs
    assert convert(converted)[0].SerializeToString() == converted.SerializeToString()


def seeds_caffemodel():
    yield smallest_model(False).SerializeToString()
    yield smallest_model(True).SerializeToString()


def smallest_model(old_format):
    """Return VGG16 with one channel per layer, in the format of 2014 or in today's."""
    generator, parameter = np.random.default_rng(1), caffe_pb2.NetParameter()
    add = parameter.layers.add if old_format else parameter.layer.add
    shapes = {name: (1, COLOURS if name == "conv1_1" else 1, 3, 3) for name in CONVOLUTIONS}
    for name, shape in {**shapes, "fc6": (1, 49), "fc7": (1, 1), "fc8": (2, 1)}.items():
        layer = add(name=name)
        for blob_shape in (shape, shape[:1]):
            blob = layer.blobs.add(data=generator.random(blob_shape).ravel().tolist())
            if old_format:
                blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - len(blob_shape)) + blob_shape
            else:
                blob.shape.dim.extend(blob_shape)
    return parameter
