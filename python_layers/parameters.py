"""Typed parameters of the CRF's layers, by default the paper's, and a layer's `param_str` read into them."""

import json
from typing import Literal

import pydantic

from data_prep.strict_model import StrictModel, parse
from theano_crf import defaults


class WeightParameters(StrictModel):
    """Parameters of equation 6, w = lam * exp(-alpha * |difference| ^ beta)."""

    alpha: float = pydantic.Field(defaults.ALPHA, ge=0)
    beta: float = pydantic.Field(defaults.BETA, gt=0)
    lam: float = pydantic.Field(defaults.LAM, ge=0)


class MarginParameters(StrictModel):
    """The margin of equation 8."""

    gamma: float = pydantic.Field(defaults.GAMMA, ge=0)


class InferenceParameters(StrictModel):
    """Parameters of DualMM."""

    iterations: int = pydantic.Field(defaults.ITERATIONS, ge=1)
    decode: Literal[defaults.DECODINGS] = defaults.DECODE  # the paper names none


class LossParameters(InferenceParameters, MarginParameters):
    """Parameters of the structured loss and of its loss-augmented inference."""

    void: int = defaults.VOID  # the label of pixels without a truth
    normalise: bool = True     # divide the loss by the number of labelled pixels of the batch


def parse_param_str(model, layer):
    """Read a Caffe Python layer's `param_str`, a JSON object, into `model`."""
    text = layer.param_str or "{}"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The param_str of a {type(layer).__name__} layer is not JSON ({error}); "
                         f"it reads: {text}") from None
    return parse(model, values, f"The param_str of a {type(layer).__name__} layer")
