"""The FCN nets: VGG16's and FCN's published sizes, crops, bilinear upsampling, any image size."""

import caffe
import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st

from prototxt.fcn import Architecture, add_fcn
from prototxt.nets import deploy_net
from prototxt.stages import STAGES

CRF = dict(alpha=35.0, beta=0.9, lam=2.5, gamma=0.1, iterations=3, decode="argmin", unary="-p", temperature=1,
           neighbours=((0, 1), (1, 0)), margin="hamming", relative_contrast=False, learn_contrast=False,
           contrast_rate=500.0, pairwise_net="none", pairwise_rate=50.0, learn_compatibility="none",
           learn_diagonal=True,
           compatibility_rate=100.0, learn_class_bias=False, class_bias_rate=500.0)
# VGG16 (Simonyan and Zisserman, table 1, configuration D) with fc6 and fc7 as convolutions.
VGG16 = {"conv1_1": 64, "conv1_2": 64, "conv2_1": 128, "conv2_2": 128, "conv3_1": 256, "conv3_2": 256, "conv3_3": 256,
         "conv4_1": 512, "conv4_2": 512, "conv4_3": 512, "conv5_1": 512, "conv5_2": 512, "conv5_3": 512,
         "fc6": 4096, "fc7": 4096}


def load_net(tmp_path, message, phase=caffe.TEST):
    path = tmp_path / "net.prototxt"
    path.write_text(text_format.MessageToString(message))
    return caffe.Net(str(path), phase)


def layers(message):
    return {layer.name: layer for layer in message.layer}


def test_full_width_is_vgg16():
    net = layers(deploy_net("stage3", Architecture(19), (512, 1024), CRF))
    for name, channels in VGG16.items():
        assert net[name].convolution_param.num_output == channels
        assert list(net[name].convolution_param.kernel_size) == [{"fc6": 7, "fc7": 1}.get(name, 3)]
    assert [net[name].param[0].lr_mult for name in ("conv1_1", "score_fr")] == [1, 1]
    assert [net[name].param[1].lr_mult for name in ("conv1_1", "score_fr")] == [2, 2]


def test_narrow_nets_start_from_msra_and_scores_from_zero(tmp_path):
    """He et al. 2015: a standard deviation of the square root of 2 / inputs, with which ReLUs keep a signal's scale."""
    net = load_net(tmp_path, deploy_net("stage3", Architecture(5, 1 / 8), (64, 64), CRF))
    for name, blobs in net.params.items():
        weights = blobs[0].data
        if name.startswith(("conv", "fc")):
            assert weights.std() == pytest.approx((2 / np.prod(weights.shape[1:])) ** 0.5, rel=0.15)
        elif name.startswith("score"):
            assert not weights.any()
        assert len(blobs) == 1 or not blobs[1].data.any()


@pytest.mark.parametrize("stage, offsets", [
    # The offsets of the published voc-fcn32s, voc-fcn16s and voc-fcn8s.
    ("stage1", {"score": 19}),
    ("stage2", {"score_pool4c": 5, "score": 27}),
    ("stage3", {"score_pool4c": 5, "score_pool3c": 9, "score": 31})])
def test_crops_are_the_published_ones(stage, offsets):
    net = layers(deploy_net(stage, Architecture(21), (500, 500), CRF))
    assert {name: net[name].crop_param.offset[0] for name in offsets} == offsets


@pytest.mark.parametrize("padding", ["fcn", "same"])
@pytest.mark.parametrize("stage", ["stage1", "stage2", "stage3"])
@settings(max_examples=8, deadline=None)
@given(height=st.integers(17, 80), width=st.integers(17, 80))
def test_scores_have_the_size_of_any_image(tmp_path_factory, stage, padding, height, width):
    message = deploy_net(stage, Architecture(4, 1 / 64, padding), (height, width), CRF)
    net = load_net(tmp_path_factory.mktemp("net"), message)
    net.forward()
    assert net.blobs["score"].data.shape == (1, 4, height, width)
    assert net.blobs["prob"].data == pytest.approx(0.25)  # score layers start at zero: all classes alike


def upsampled(tmp_path, factor, scores):
    """Return the output of a stage's upsampling layer for given coarse scores."""
    stage = {row.stride: stage for stage, row in reversed(list(STAGES.items()))}[factor]
    net = load_net(tmp_path, deploy_net(stage, Architecture(2, 1 / 64, "same"), (64, 64), CRF))
    layer = net.layer_dict[f"upscore{factor}"]
    bottom = net.bottom_names[f"upscore{factor}"][0]
    net.blobs[bottom].data[...] = scores
    net.forward(start=f"upscore{factor}", end=f"upscore{factor}")
    assert layer.type == "Deconvolution"
    return net.blobs[f"upscore{factor}"].data


def test_upsampling_interpolates_a_ramp_without_mixing_classes(tmp_path):
    coarse = np.zeros((1, 2, 8, 8), np.float32)
    coarse[0, 0] = np.arange(8)
    fine = upsampled(tmp_path, 8, coarse)
    inner = fine[0, 0, 8:-8, 4:-4]
    assert inner == pytest.approx(np.tile((np.arange(56)[None] + 0.5) / 8, (48, 1)), abs=1e-5)
    assert not fine[0, 1].any()


@pytest.mark.parametrize("padding", ["fcn", "same"])
def test_a_coarse_cell_covers_its_own_pixels(tmp_path, padding):
    """An offset that is wrong by a pixel or more would move what pool3 sees away from where it is in the image."""
    size = 128
    net = load_net(tmp_path, deploy_net("stage3", Architecture(2, 1 / 64, padding), (size, size), CRF))
    # Every convolution passes its centre on, so pool3 is the maximum of each cell of 8 x 8 pixels.
    for name, blobs in net.params.items():
        if name.startswith("conv"):
            blobs[0].data[...] = 0
            blobs[0].data[0, 0, 1, 1] = 1
        elif name.startswith(("fc", "score_fr", "score_pool4")):
            blobs[0].data[...] = 0
    net.params["score_pool3"][0].data[...] = 0
    net.params["score_pool3"][0].data[0, 0] = 1
    net.blobs["data"].data[...] = 0
    net.blobs["data"].data[0, 0, 60, 84] = 1
    net.forward()
    score = net.blobs["score"].data[0, 0]
    rows, columns = np.mgrid[:size, :size]
    centre = (rows * score).sum() / score.sum(), (columns * score).sum() / score.sum()
    assert abs(centre[0] - 60) <= 4 and abs(centre[1] - 84) <= 4
    assert score[60, 84] > 0.25 * score.max()


@pytest.mark.parametrize("arguments, words", [((1,), "1 classes"), ((3, 0), "width 0"), ((3, 1, "none"), "'none'")])
def test_impossible_sizes_are_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        Architecture(*arguments)


def test_every_layer_of_vgg16_is_in_each_stage():
    for stride in (32, 16, 8):
        net = caffe.NetSpec()
        net.data = caffe.layers.Input(shape=dict(dim=[1, 3, 64, 64]))
        add_fcn(net, Architecture(5), stride)
        assert set(VGG16) <= {layer.name for layer in net.to_proto().layer}
