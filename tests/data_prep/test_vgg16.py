"""VGG16 made fully convolutional: the same scores, and every blob accounted for."""

import hashlib
import os

import caffe
import numpy as np
import pytest
from caffe.proto import caffe_pb2

from data_prep.download import Source
from data_prep.errors import DataError
from data_prep.vgg16 import convert, main
from experiments.training.snapshots import check_fits
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net
from tests.made_vgg16 import channels, check_fcn_32s, fully_connected

WIDTH = 1 / 32  # of VGG16's channels; its image still has 224 x 224 pixels
CHANNELS, FULLY_CONNECTED = channels(WIDTH), fully_connected(WIDTH)
FC8 = 5


def model(old_format):
    """A caffemodel with random weights, in the format of the published file (2014) or today's."""
    generator, parameter, inputs = np.random.default_rng(1), caffe_pb2.NetParameter(), 3
    add = parameter.layers.add if old_format else parameter.layer.add
    add(name="relu1_1")
    shapes = {}
    for name, count in CHANNELS.items():
        shapes[name], inputs = (count, inputs, 3, 3), count
    outputs = FULLY_CONNECTED
    shapes.update(fc6=(outputs, inputs * 49), fc7=(outputs, outputs), fc8=(FC8, outputs))
    for name, shape in shapes.items():
        layer = add(name=name)
        for blob_shape in (shape, shape[:1]):
            values = generator.normal(0, (1 / np.prod(shape[1:])) ** 0.5, blob_shape)
            blob = layer.blobs.add(data=values.ravel().tolist())
            if old_format:
                blob.num, blob.channels, blob.height, blob.width = (1,) * (4 - len(blob_shape)) + blob_shape
            else:
                blob.shape.dim.extend(blob_shape)
    return parameter


@pytest.fixture
def run(tmp_path, capsys):
    """Return a function that converts a model from the command line: (status, stdout, stderr, path of the output)."""
    def call(parameter, output=tmp_path / "out" / "vgg16.caffemodel", **changes):
        content = parameter if isinstance(parameter, bytes) else parameter.SerializeToString()
        path = tmp_path / "VGG.caffemodel"
        path.write_bytes(content)
        source = Source("http://127.0.0.1:9/none", len(content), hashlib.sha1(content).hexdigest(),
                        hashlib.sha256(content).hexdigest())._replace(**changes)
        status = main(["--output", str(output), "--file", str(path)], source)
        return (status, *capsys.readouterr(), output)
    return call


@pytest.mark.parametrize("old_format", [True, False])
def test_fcn_32s_gives_in_the_middle_what_vgg16_gives(run, tmp_path, old_format):
    status, _, error, output = run(model(old_format))
    assert status == 0, error
    (tmp_path / "original.caffemodel").write_bytes(model(False).SerializeToString())
    check_fcn_32s(tmp_path, WIDTH, tmp_path / "original.caffemodel", output)


def test_fcn_32s_takes_all_but_its_scores(run, tmp_path):
    output = run(model(True))[3]
    (tmp_path / "fcn.prototxt").write_text(str(deploy_net("stage1", Architecture(19, WIDTH), (64, 96), crf={})))
    net = caffe.Net(str(tmp_path / "fcn.prototxt"), caffe.TEST)
    new = ["score_fr", "upscore32"]
    assert check_fits(net, output, set(new)) == ([*CHANNELS, "fc6", "fc7"], new, [])


@pytest.mark.parametrize("old_format", [True, False])
def test_every_blob_is_listed(run, old_format):
    lines = run(model(old_format))[1].splitlines()
    assert len([line for line in lines if ": copied" in line]) == 30
    assert "conv1_2 weights 2 x 2 x 3 x 3: copied" in lines
    ones = "1 x 1 x " if old_format else ""
    assert f"fc6 weights {ones}128 x 784: copied as 128 x 16 x 7 x 7" in lines
    assert f"fc7 weights {ones}128 x 128: copied as 128 x 128 x 1 x 1" in lines
    assert [line for line in lines if "dropped" in line] == [
        f"fc8 {ones}5 x 128: dropped", f"fc8 {'1 x 1 x 1 x ' if old_format else ''}5: dropped"]


def test_what_is_converted_already_stays(run):
    output = run(model(True))[3]
    content = output.read_bytes()
    status, text, _, _ = run(model(False))
    assert status == 0 and "nothing to do" in text and output.read_bytes() == content
    assert sorted(os.listdir(output.parent)) == ["vgg16.caffemodel"]
    parameter = caffe_pb2.NetParameter.FromString(content)
    assert convert(parameter)[0] == parameter, "a converted model is left as it is"


def layer(parameter, name):
    return next(entry for entry in parameter.layer if entry.name == name)


@pytest.mark.parametrize("change, words", [
    (lambda net: setattr(layer(net, "fc7"), "name", "fc7_new"), "lacks the layer fc7"),
    (lambda net: net.layer.add(name="fc9").CopyFrom(layer(net, "fc8")) or setattr(net.layer[-1], "name", "fc9"),
     "also has the layer fc9"),
    (lambda net: layer(net, "fc6").blobs[0].shape.dim.__setitem__(1, 340), "weights of fc6 have the shape 128 x 340"),
    (lambda net: layer(net, "conv3_2").blobs[0].data.pop(), "weights of conv3_2 have the shape 8 x 8 x 3 x 3 and 575"),
    (lambda net: layer(net, "conv3_2").blobs[1].data.append(1), "weights of conv3_2 .*VGG16 has 9 x 8 x 3 x 3"),
    (lambda net: layer(net, "conv2_1").blobs.pop(), "conv2_1 has 1 blobs"),
    (lambda net: layer(net, "conv2_1").blobs[1].Clear(), "layer conv2_1 has no biases"),
    (lambda net: net.layer.add().CopyFrom(layer(net, "fc7")), "17 layers with weights have only 16 different names"),
])
def test_another_net_is_refused(run, change, words):
    parameter = model(False)
    change(parameter)
    with pytest.raises(DataError, match=words):
        convert(parameter)
    status, _, error, output = run(parameter)
    assert status == 1 and error.startswith("error: ") and error.count("\n") == 1 and "VGG.caffemodel: " in error
    assert not output.exists()


def test_a_file_that_is_not_the_published_one_is_refused(run):
    status, _, error, output = run(model(True), sha1="0000")
    assert status == 1 and "has the sha1" in error and not output.exists()
    status, _, error, output = run(b"\xff\xff\xff")
    assert status == 1 and "is not a caffemodel" in error and not output.exists()


def test_without_a_network_there_is_one_sentence(tmp_path, capsys):
    source = Source("http://127.0.0.1:9/VGG.caffemodel", 5, "0", "0")
    assert main(["--output", str(tmp_path / "vgg16.caffemodel")], source) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: http://127.0.0.1:9/VGG.caffemodel can't be downloaded") and error.count("\n") == 1
