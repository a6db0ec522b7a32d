"""Pairwise weights in a net: those of eq. 6 and, on top of them, a second CNN's factor (the paper's section 6)."""

from caffe import layers as L
from caffe import params as P

from prototxt.learnt import CONTRAST, NONE, OF_IMAGE, PAIRWISE_LAYERS, PAIRWISE_SCORE, blob_at
from prototxt.python_layer import changed, python_layer

CHANNELS = 16
KERNELS = (3, 3, 5)
SCORE_KERNEL = 3
# Brings the image, in 0 to 255 less the mean, to the magnitude of the probabilities.
IMAGE_SCALE = 1 / 64


def add_weights(net, crf, prob):
    """Add the CRF's pairwise weights (N, D, H, W) as `net.weights` on top of `net.data`.

    With a pairwise net w = eq. 6 * exp(net): its last layer starts at zero, so that training starts at eq. 6.

    Parameters
    ----------
    net : caffe.NetSpec
    crf : dict
        As of `prototxt.nets.train_net`.
    prob : caffe.net_spec.Top
        The class probabilities that the unary costs come from.
    """
    if crf["pairwise_net"] == NONE:
        net.weights = _contrast_weights(net, crf)
        return
    net.contrast = _contrast_weights(net, crf)
    net.pairwise_factor = L.Exp(_pairwise_score(net, crf, prob))
    net.weights = L.Eltwise(net.contrast, net.pairwise_factor, operation=P.Eltwise.PROD)


def _contrast_weights(net, crf):
    parameters = {**{name: crf[name] for name in ("alpha", "beta", "lam")},
                  **changed(crf, "neighbours", "learn_contrast", "relative_contrast")}
    if crf["relative_contrast"]:
        parameters["mean_bgr"] = crf["mean_bgr"]
    learnt = {"name": CONTRAST, "param": [blob_at(crf["contrast_rate"])] * 3} if crf["learn_contrast"] else {}
    return python_layer("ContrastWeights", net.data, parameters=parameters, **learnt)


def _pairwise_score(net, crf, prob):
    bottom = net.pairwise_image = L.Power(net.data, scale=IMAGE_SCALE)
    if crf["pairwise_net"] != OF_IMAGE:
        bottom = net.pairwise_input = L.Concat(net.pairwise_image, prob)
    for name, kernel in zip(PAIRWISE_LAYERS, KERNELS):
        net[name] = _convolution(bottom, CHANNELS, kernel, crf, weight_filler=dict(type="msra"))
        bottom = net[f"{name}_relu"] = L.ReLU(net[name], in_place=True)
    # No filler: it starts at zero.
    net[PAIRWISE_SCORE] = _convolution(bottom, len(crf["neighbours"]), SCORE_KERNEL, crf)
    return net[PAIRWISE_SCORE]


def _convolution(bottom, channels, kernel, crf, **filler):
    rate = dict(lr_mult=crf["pairwise_rate"])
    return L.Convolution(bottom, num_output=channels, kernel_size=kernel, pad=kernel // 2,
                         param=[dict(rate, decay_mult=1), dict(rate, decay_mult=0)], **filler)
