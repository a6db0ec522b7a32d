"""Python layers in nets: their parameters, without those that the layers have by default."""

import json

import caffe

from prototxt.python_layer import DEFAULTS, changed, python_layer
from python_layers.parameters import LossParameters, WeightsLayerParameters


def test_the_defaults_are_the_layers_own():
    own = {**LossParameters().dict(), **WeightsLayerParameters().dict()}
    assert DEFAULTS == {name: own[name] for name in DEFAULTS}


def test_only_what_differs_is_written():
    crf = dict(DEFAULTS, decode="icm", lam=3)
    assert changed(crf, "decode", "neighbours") == {"decode": "icm"} and changed(DEFAULTS, *DEFAULTS) == {}


def test_a_layer_has_its_parameters_as_json_and_further_fields():
    net = caffe.NetSpec()
    net.data = caffe.layers.Input(shape=dict(dim=[1, 3, 4, 5]))
    net.first, net.second = python_layer("Some", net.data, ntop=2, parameters={"b": 1, "a": [2]}, name="given")
    layer = net.to_proto().layer[1]
    assert (layer.name, list(layer.top), layer.python_param.module) == ("given", ["first", "second"], "python_layers")
    assert layer.python_param.layer == "Some" and json.loads(layer.python_param.param_str) == {"a": [2], "b": 1}
