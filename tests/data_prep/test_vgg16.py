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
from experiments.snapshots import check_fits
from prototxt.fcn import Architecture
from prototxt.nets import deploy_net

WIDTH = 1 / 32  # of VGG16's channels; its image still has 224 x 224 pixels
CHANNELS = {"conv1_1": 2, "conv1_2": 2, "conv2_1": 4, "conv2_2": 4, "conv3_1": 8, "conv3_2": 8, "conv3_3": 8,
            "conv4_1": 16, "conv4_2": 16, "conv4_3": 16, "conv5_1": 16, "conv5_2": 16, "conv5_3": 16}
FC6, FC7, FC8 = 128, 128, 5


def vgg16_definition():
    """VGG16's definition up to fc7, as published."""
    lines = ['layer { name: "data" type: "Input" top: "data"'
             ' input_param { shape { dim: 1 dim: 3 dim: 224 dim: 224 } } }']
    bottom = "data"
    for name, channels in CHANNELS.items():
        if name.endswith("_1") and bottom != "data":
            lines.append(f'layer {{ name: "pool{name}" type: "Pooling" bottom: "{bottom}" top: "pool{name}" '
                         'pooling_param { pool: MAX kernel_size: 2 stride: 2 } }')
            bottom = f"pool{name}"
        lines.append(f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" '
                     f'convolution_param {{ num_output: {channels} kernel_size: 3 pad: 1 }} }}')
        lines.append(f'layer {{ name: "relu{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}')
        bottom = name
    lines.append(f'layer {{ name: "pool5" type: "Pooling" bottom: "{bottom}" top: "pool5" '
                 'pooling_param { pool: MAX kernel_size: 2 stride: 2 } }')
    bottom = "pool5"
    for name, outputs in (("fc6", FC6), ("fc7", FC7)):
        lines.append(f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
                     f'inner_product_param {{ num_output: {outputs} }} }}')
        lines.append(f'layer {{ name: "relu{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}')
        bottom = name
    return "\n".join(lines)


def model(old_format):
    """A caffemodel with random weights, in the format of the published file (2014) or today's."""
    generator, parameter, inputs = np.random.default_rng(1), caffe_pb2.NetParameter(), 3
    add = parameter.layers.add if old_format else parameter.layer.add
    add(name="relu1_1")
    shapes = {}
    for name, channels in CHANNELS.items():
        shapes[name], inputs = (channels, inputs, 3, 3), channels
    shapes.update(fc6=(FC6, inputs * 49), fc7=(FC7, FC6), fc8=(FC8, FC7))
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


def outputs(folder, text, weights, image):
    (folder / "net.prototxt").write_text(text)
    net = caffe.Net(str(folder / "net.prototxt"), caffe.TEST)
    net.copy_from(str(weights))
    net.blobs["data"].data[0] = image
    net.forward()
    return {name: net.blobs[name].data[0].copy() for name in ("conv5_3", "fc6", "fc7")}


@pytest.mark.parametrize("old_format", [True, False])
def test_fcn_32s_gives_in_the_middle_what_vgg16_gives(run, tmp_path, old_format):
    """With this padding the window of fc6 in the middle of its 7 x 7 map is all of pool5."""
    status, _, error, output = run(model(old_format))
    assert status == 0, error
    (tmp_path / "original.caffemodel").write_bytes(model(False).SerializeToString())
    image = np.random.default_rng(2).normal(0, 50, (3, 224, 224))
    fcn = deploy_net("stage1", Architecture(19, WIDTH, padding="same"), (224, 224), crf={})
    found = outputs(tmp_path, str(fcn), output, image)
    expected = outputs(tmp_path, vgg16_definition(), tmp_path / "original.caffemodel", image)
    assert found["fc6"].shape == (FC6, 7, 7)
    for name, values in (("conv5_3", found["conv5_3"]), ("fc6", found["fc6"][:, 3, 3]), ("fc7", found["fc7"][:, 3, 3])):
        assert expected[name].max() > 0.1
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5)


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
    (lambda net: net.layer.add().CopyFrom(layer(net, "fc7")), "17 layers with weights but only 16 names"),
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
