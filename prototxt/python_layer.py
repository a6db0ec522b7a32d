"""The Caffe layers of `python_layers` in a net: their parameters as JSON, without those that have their defaults."""

import json

from caffe import layers as L

DEFAULTS = {"decode": "argmin", "neighbours": ((0, 1), (1, 0)), "margin": "hamming", "learn_contrast": False,
            "relative_contrast": False}


def python_layer(layer, *bottoms, ntop=1, parameters=None, **rest):
    """Return the tops of a layer of `python_layers`; `rest` are further fields of the layer."""
    return L.Python(*bottoms, ntop=ntop, module="python_layers", layer=layer,
                    param_str=json.dumps(parameters or {}, sort_keys=True), **rest)


def changed(crf, *names):
    """Return parameters of a layer that differ from its defaults: the others stay out, as in older snapshots' nets."""
    return {name: crf[name] for name in names if crf[name] != DEFAULTS[name]}
