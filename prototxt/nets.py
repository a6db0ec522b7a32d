"""Whole nets: data, FCN, loss or CRF, for training, validation and deployment."""

import caffe
from caffe import layers as L
from caffe import params as P

from data_prep.store.metadata import VOID
from prototxt.fcn import FIXED, add_fcn
from prototxt.learnt import CLASS_BIAS, blob_at, compatibility_fields, compatibility_parameters, costs_name
from prototxt.pairwise import add_weights
from prototxt.python_layer import changed, python_layer
from prototxt.stages import LOVASZ, SSVM, find_stage
from prototxt.unary import LEAST_PROBABILITY, NEGATIVE_PROBABILITY


def _add_data(net, stage, split, data):
    # The layer's name holds stage and split: its count of iterations must not be handed on with the weights.
    top = python_layer("SegmentationData", ntop=2, parameters=data, param=[FIXED], name=f"data_{stage}_{split}")
    net.data, net.label = top


def _add_crf_terms(net, crf):
    """Add `unary` (N, K, H, W), from eq. 4's p and a learnt bias (K,) if asked for, and `weights` (N, D, H, W)."""
    if crf["temperature"] == 1:
        net.prob = prob = L.Softmax(net.score)
    else:
        net.cooled_score = L.Power(net.score, scale=1 / crf["temperature"])
        net.cooled_prob = prob = L.Softmax(net.cooled_score)
    costs = costs_name(crf)
    if crf["unary"] == NEGATIVE_PROBABILITY:
        net[costs] = L.Power(prob, scale=-1)
    else:
        net.log_prob = L.Log(prob, shift=LEAST_PROBABILITY)
        net[costs] = L.Power(net.log_prob, scale=-1)
    if crf["learn_class_bias"]:
        # No filler: it starts at zero.
        net.unary = L.Bias(net[costs], name=CLASS_BIAS, axis=1, param=[blob_at(crf["class_bias_rate"])])
    add_weights(net, crf, prob)


def _add_inference(net, crf):
    net.labels, net.lower_bound, net.energy = python_layer(
        "CRFInference", net.unary, net.weights, ntop=3,
        parameters={"iterations": crf["iterations"], "decode": crf["decode"], **changed(crf, "neighbours"),
                    **compatibility_parameters(crf)}, **compatibility_fields(crf))


def _add_softmax_loss(net, normalise, class_weights):
    rest = dict(loss_param=dict(ignore_label=VOID, normalization=P.Loss.VALID if normalise else P.Loss.NONE))
    if class_weights:
        net.loss = L.InfogainLoss(net.score, net.label, infogain_loss_param=dict(source=class_weights), **rest)
    else:
        net.loss = L.SoftmaxWithLoss(net.score, net.label, **rest)


def train_net(stage, architecture, data, crf, normalise, class_weights=None):
    """Return the training net of a stage as a NetParameter.

    Parameters
    ----------
    stage : str
        Of `prototxt.stages.STAGES` or `VARIANTS`.
    architecture : prototxt.fcn.Architecture
    data : dict
        Parameters of the `SegmentationData` layer.
    crf : dict
        alpha, beta, lam, neighbours, gamma, margin, iterations, decode, unary ("-p" or "-log p"), temperature;
        relative_contrast and with it mean_bgr, the mean colour that the images lack;
        learn_contrast, pairwise_net, compatibility, class bias and the rates of these, as of
        `experiments.settings.learnt_terms`.
    normalise : bool
        Divide the loss by the number of labelled pixels, instead of the published sum over them.
    class_weights : str, optional
        File of the softmax loss's weights of classes, from `experiments.nets.class_balance`; all count alike without.
    """
    net = caffe.NetSpec()
    _add_data(net, stage, "train", data)
    add_fcn(net, architecture, find_stage(stage).stride)
    if find_stage(stage).loss == SSVM:
        _add_crf_terms(net, crf)
        net.loss, net.augmented_error, net.certificate = python_layer(
            "SSVMLoss", net.unary, net.weights, net.label, ntop=3, loss_weight=[1, 0, 0],
            parameters={"gamma": crf["gamma"], "iterations": crf["iterations"], "void": VOID,
                        "normalise": normalise, **changed(crf, "decode", "neighbours", "margin"),
                        **compatibility_parameters(crf)}, **compatibility_fields(crf))
    elif find_stage(stage).loss == LOVASZ:
        net.prob = L.Softmax(net.score)
        net.loss = python_layer("LovaszLoss", net.prob, net.label, loss_weight=1,
                                parameters={"void": VOID, "normalise": normalise})
    else:
        _add_softmax_loss(net, normalise, class_weights)
    return _named(net, stage, "train")


def validation_net(stage, architecture, data, crf):
    """Return the net that a stage is validated with: `prob`, and `labels` where the stage has the CRF."""
    net = caffe.NetSpec()
    _add_data(net, stage, "validation", data)
    add_fcn(net, architecture, find_stage(stage).stride)
    _add_prediction(net, find_stage(stage).crf, crf)
    return _named(net, stage, "validation")


def deploy_net(stage, architecture, size, crf):
    """Return the net that segments images: input `data`, tops `score` and `prob`, the CRF's with stage 4.

    `size` is (height, width) of its input, which a user may reshape.
    """
    net = caffe.NetSpec()
    net.data = L.Input(shape=dict(dim=[1, 3, *size]))
    add_fcn(net, architecture, find_stage(stage).stride)
    _add_prediction(net, find_stage(stage).crf, crf)
    return _named(net, stage, "deploy")


def crf_net(classes, size, crf):
    """Return a deploy net's CRF by itself: inputs `data` and `score`, tops as of a deploy net with the CRF.

    Parameters
    ----------
    classes : int
    size : (int, int)
        Height and width of the image; both inputs may be reshaped.
    crf : dict
        As of `train_net`.
    """
    net = caffe.NetSpec()
    net.data = L.Input(shape=dict(dim=[1, 3, *size]))
    net.score = L.Input(shape=dict(dim=[1, classes, *size]))
    _add_prediction(net, True, crf)
    return net.to_proto()


def _add_prediction(net, with_crf, crf):
    if with_crf:
        _add_crf_terms(net, crf)
        _add_inference(net, crf)
    if "prob" not in net.tops:
        net.prob = L.Softmax(net.score)


def _named(net, stage, phase):
    parameter = net.to_proto()
    parameter.name = f"FCN-{find_stage(stage).stride}s, {stage}, {phase}"
    return parameter
