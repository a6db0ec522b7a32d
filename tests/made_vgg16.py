"""VGG16 of any width, and a check that FCN-32s with its weights gives the same."""

import caffe
import numpy as np

from prototxt.fcn import Architecture
from prototxt.nets import deploy_net

BLOCKS = (64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)
SIZE = 224  # height and width of VGG16's images
CLASSES = 19


def channels(width):
    """Return the convolutions' names and numbers of channels; `width` is a fraction of VGG16's."""
    return {f"conv{block}_{number}": int(count * width)
            for block, counts in enumerate(BLOCKS, 1) for number, count in enumerate(counts, 1)}


def fully_connected(width):
    """Return the number of fc6's and fc7's outputs."""
    return int(4096 * width)


def vgg16_definition(width):
    """VGG16's definition up to fc7, as published."""
    lines = ['layer { name: "data" type: "Input" top: "data"'
             f' input_param {{ shape {{ dim: 1 dim: 3 dim: {SIZE} dim: {SIZE} }} }} }}']
    bottom = "data"
    for name, count in channels(width).items():
        if name.endswith("_1") and bottom != "data":
            lines.append(f'layer {{ name: "pool{name}" type: "Pooling" bottom: "{bottom}" top: "pool{name}" '
                         'pooling_param { pool: MAX kernel_size: 2 stride: 2 } }')
            bottom = f"pool{name}"
        lines.append(f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" '
                     f'convolution_param {{ num_output: {count} kernel_size: 3 pad: 1 }} }}')
        lines.append(f'layer {{ name: "relu{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}')
        bottom = name
    lines.append(f'layer {{ name: "pool5" type: "Pooling" bottom: "{bottom}" top: "pool5" '
                 'pooling_param { pool: MAX kernel_size: 2 stride: 2 } }')
    bottom = "pool5"
    for name in ("fc6", "fc7"):
        lines.append(f'layer {{ name: "{name}" type: "InnerProduct" bottom: "{bottom}" top: "{name}" '
                     f'inner_product_param {{ num_output: {fully_connected(width)} }} }}')
        lines.append(f'layer {{ name: "relu{name}" type: "ReLU" bottom: "{name}" top: "{name}" }}')
        bottom = name
    return "\n".join(lines)


def check_fcn_32s(folder, width, original, converted):
    """Check that FCN-32s gives in its middle what VGG16 gives.

    With the padding "same" the window of fc6 in the middle of its 7 x 7 map is all of pool5.

    Parameters
    ----------
    folder : pathlib.Path
        Where the nets' definitions are written.
    width : float
    original, converted : path
        Weights of VGG16 in today's format, and those made fully convolutional.
    """
    image = np.random.default_rng(2).normal(0, 50, (3, SIZE, SIZE))
    fcn = deploy_net("stage1", Architecture(CLASSES, width, padding="same"), (SIZE, SIZE), crf={})
    blobs = _outputs(folder, str(fcn), converted, image)
    expected = _outputs(folder, vgg16_definition(width), original, image)
    assert blobs["fc6"].shape == (fully_connected(width), 7, 7)
    for name, values in (("conv5_3", blobs["conv5_3"]), ("fc6", blobs["fc6"][:, 3, 3]), ("fc7", blobs["fc7"][:, 3, 3])):
        assert expected[name].max() > 0.1
        np.testing.assert_allclose(values, expected[name], rtol=1e-4, atol=1e-5)


def _outputs(folder, text, weights, image):
    (folder / "net.prototxt").write_text(text)
    net = caffe.Net(str(folder / "net.prototxt"), caffe.TEST)
    net.copy_from(str(weights))
    net.blobs["data"].data[0] = image
    net.forward()
    return {name: net.blobs[name].data[0].copy() for name in ("conv5_3", "fc6", "fc7")}
