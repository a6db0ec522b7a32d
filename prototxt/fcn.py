"""FCN-32s, FCN-16s and FCN-8s on VGG16 (Long, Shelhamer and Darrell; the paper's figure 2)."""

from caffe import layers as L
from caffe import params as P
from caffe.coord_map import crop

# Output channels and number of 3 x 3 convolutions of each block of VGG16; a 2 x 2 pooling ends each.
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
FULLY_CONNECTED = 4096

WEIGHT = dict(lr_mult=1, decay_mult=1)
BIAS = dict(lr_mult=2, decay_mult=0)   # as in the published FCN nets
FIXED = dict(lr_mult=0, decay_mult=0)

# Pads of conv1_1 and fc6. FCN pads the image by 100, so that an image of any size leaves something for fc6's
# 7 x 7 window; "same" keeps the map of fc6 as large as pool5, a quarter of the work on small images.
PADS = {"fcn": (100, 0), "same": (1, 3)}


class Architecture:
    """Sizes of an FCN.

    Parameters
    ----------
    classes : int
        Number of classes, K.
    width : float
        Multiplies VGG16's channels: 1 is VGG16 itself.
    padding : {"fcn", "same"}
        See `PADS`.
    dropout : float
        Ratio of fc6's and fc7's outputs dropped in training.
    """

    def __init__(self, classes, width=1.0, padding="fcn", dropout=0.5):
        if classes < 2:
            raise ValueError(f"A net for {classes} classes was asked for; at least 2 are needed.")
        if padding not in PADS:
            raise ValueError(f"The padding '{padding}' is unknown; allowed is {' or '.join(sorted(PADS))}.")
        if width <= 0:
            raise ValueError(f"A net of width {width} was asked for; the width must be above 0 (1 is VGG16).")
        self.classes, self.width, self.padding, self.dropout = classes, width, padding, dropout

    def channels(self, full):
        """Return VGG16's number of channels scaled by the width."""
        return max(1, round(full * self.width))


def _convolution(bottom, channels, kernel, pad):
    # MSRA: narrow nets start from it; at width 1 VGG16's weights replace it.
    return L.Convolution(bottom, num_output=channels, kernel_size=kernel, pad=pad, param=[WEIGHT, BIAS],
                         weight_filler=dict(type="msra"))


def _score(bottom, classes):
    # No filler: score layers start at zero, so that all classes start alike and a new skip changes nothing.
    return L.Convolution(bottom, num_output=classes, kernel_size=1, param=[WEIGHT, BIAS])


def _upsample(bottom, factor, architecture):
    """Add a fixed bilinear interpolation, of each class by itself: the filler would mix classes otherwise."""
    pad = factor // 2 if architecture.padding == "same" else 0
    return L.Deconvolution(bottom, param=[FIXED], convolution_param=dict(
        num_output=architecture.classes, group=architecture.classes, kernel_size=2 * factor, stride=factor,
        pad=pad, bias_term=False, weight_filler=dict(type="bilinear")))


def _vgg16(net, architecture):
    """Add VGG16 with fc6 and fc7 as convolutions on top of `net.data`."""
    first_pad, fc6_pad = PADS[architecture.padding]
    bottom = net.data
    for block, (channels, convolutions) in enumerate(BLOCKS, start=1):
        for index in range(1, convolutions + 1):
            name = f"{block}_{index}"
            pad = first_pad if name == "1_1" else 1
            net[f"conv{name}"] = _convolution(bottom, architecture.channels(channels), kernel=3, pad=pad)
            bottom = net[f"relu{name}"] = L.ReLU(net[f"conv{name}"], in_place=True)
        bottom = net[f"pool{block}"] = L.Pooling(bottom, pool=P.Pooling.MAX, kernel_size=2, stride=2)
    for name, kernel, pad in (("6", 7, fc6_pad), ("7", 1, 0)):
        net[f"fc{name}"] = _convolution(bottom, architecture.channels(FULLY_CONNECTED), kernel, pad)
        net[f"relu{name}"] = L.ReLU(net[f"fc{name}"], in_place=True)
        bottom = net[f"drop{name}"] = L.Dropout(net[f"relu{name}"], dropout_ratio=architecture.dropout,
                                                in_place=True)


def _add_skip(net, coarse, pool, upscored, architecture):
    """Upsample the coarse scores by 2 and add scores of the finer pooling layer `pool`."""
    net[upscored] = _upsample(coarse, 2, architecture)
    net[f"score_{pool}"] = _score(net[pool], architecture.classes)
    larger, smaller = f"score_{pool}", upscored
    if architecture.padding == "same":
        # Pooling rounds up, so here the upsampled scores are the larger ones; with FCN's padding the pool is.
        larger, smaller = smaller, larger
    net[f"{larger}c"] = crop(net[larger], net[smaller])
    fused = f"fuse_{pool}"
    net[fused] = L.Eltwise(net[smaller], net[f"{larger}c"], operation=P.Eltwise.SUM)
    return net[fused]


def add_fcn(net, architecture, stride):
    """Add an FCN on top of `net.data`; its class scores (N, K, H, W) become `net.score`.

    Parameters
    ----------
    net : caffe.NetSpec
        Holds `data` (N, 3, H, W).
    architecture : Architecture
    stride : {32, 16, 8}
        FCN-32s has no skip, FCN-16s one from pool4, FCN-8s another from pool3.
    """
    _vgg16(net, architecture)
    net.score_fr = scores = _score(net.drop7, architecture.classes)
    if stride <= 16:
        scores = _add_skip(net, scores, "pool4", "upscore2", architecture)
    if stride <= 8:
        scores = _add_skip(net, scores, "pool3", "upscore_pool4", architecture)
    upscore = f"upscore{stride}"
    net[upscore] = _upsample(scores, stride, architecture)
    net.score = crop(net[upscore], net.data)
