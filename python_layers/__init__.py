"""Thin Caffe layers: the data, the pairwise weights, the losses and the inference of the CRF.

Caffe takes a layer by its name, and the module behind it is imported then (PEP 562): reading the layers' parameters
needs neither Caffe nor Theano.
"""

import importlib

_MODULES = {"ContrastWeights": "crf", "CRFInference": "crf", "LovaszLoss": "lovasz", "SSVMLoss": "crf",
            "SegmentationData": "data"}

__all__ = ["ContrastWeights", "CRFInference", "LovaszLoss", "SSVMLoss", "SegmentationData"]


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no layer {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)
