"""Typed parameters of the CRF's layers, by default the paper's, and a layer's `param_str` read into them."""

import json
from typing import Literal, Optional, Tuple, Union

import pydantic

from data_prep.strict_model import LARGEST, StrictModel, parse
from theano_crf import defaults
from theano_crf.neighbourhood import checked_neighbours


class WeightParameters(StrictModel):
    """Parameters of equation 6, w = lam * exp(-alpha * |difference| ^ beta)."""

    alpha: float = pydantic.Field(defaults.ALPHA, ge=0)
    beta: float = pydantic.Field(defaults.BETA, gt=0)
    lam: float = pydantic.Field(defaults.LAM, ge=0)
    relative_contrast: bool = False  # of `theano_crf.graph.relative_colours`, not of the colours


class MarginKind(StrictModel):
    """Costs of wrong labels: the same everywhere (eq. 8), or by IoU, see `python_layers.margins`."""

    margin: Literal["hamming", "iou"] = "hamming"


class MarginParameters(MarginKind):
    """The margin of equation 8."""

    gamma: float = pydantic.Field(defaults.GAMMA, ge=0)


class InferenceParameters(StrictModel):
    """Parameters of DualMM."""

    iterations: int = pydantic.Field(defaults.ITERATIONS, ge=1)
    decode: Literal[defaults.DECODINGS] = defaults.DECODE  # the paper names none


class Neighbourhood(StrictModel):
    """Offsets (dy, dx) from an edge's first pixel to its second."""

    neighbours: tuple = defaults.NEIGHBOURS

    @pydantic.validator("neighbours", pre=True)
    def check_neighbours(cls, value):
        return checked_neighbours(value)


class WeightsLayerParameters(Neighbourhood, WeightParameters):
    """Parameters of the layer ContrastWeights."""

    learn_contrast: bool = False  # the layer has blobs for alpha, beta and each neighbour's lam, which begin with these
    mean_bgr: Optional[Tuple[float, float, float]] = None  # what the image lacks, in 0 to 255

    @pydantic.validator("mean_bgr", always=True)
    def check_mean(cls, value, values):
        if values.get("relative_contrast") and value is None:
            raise ValueError("relative_contrast needs the mean colour that was subtracted from the image")
        return value


class LabelCompatibility(Neighbourhood):
    """The cost of each pair of labels at an edge's ends, times the edge's weight."""

    compatibility: tuple = None  # (K, K) or (D, K, K), the label of the first end first; Potts if there is none
    learn_compatibility: bool = False  # the layer has a blob (D, K, K) that begins with these values
    directed: bool = False  # the blob need not be symmetric
    learn_diagonal: bool = True  # else the costs of equal labels stay as they begin

    @pydantic.validator("compatibility", pre=True)
    def check_compatibility(cls, value):
        return None if value is None else _costs(value, (2, 3), "a list (K, K) or (D, K, K) of numbers")

    @pydantic.validator("directed", "learn_diagonal")
    def check_learnt(cls, value, values, field):
        if value != field.default and not values.get("learn_compatibility"):
            raise ValueError("it is for compatibilities that are learnt; set learn_compatibility, too")
        return value


class InferenceLayerParameters(LabelCompatibility, InferenceParameters):
    """Parameters of the layer CRFInference."""


class PixelLossParameters(StrictModel):
    """Parameters that every loss over labelled pixels has."""

    void: int = defaults.VOID  # the label of pixels without a truth
    normalise: bool = True     # divide the loss by the number of labelled pixels of the batch


class LossParameters(LabelCompatibility, InferenceParameters, PixelLossParameters, MarginKind):
    """Parameters of the structured loss and of its loss-augmented inference."""

    gamma: Union[float, tuple] = defaults.GAMMA  # the margin, or (K, K): of label k where the truth is c, c first

    @pydantic.validator("gamma", pre=True)
    def check_gamma(cls, value):
        return _costs(value, (0, 2), "a number or a list (K, K)")

    @pydantic.validator("gamma")
    def check_margin(cls, value, values):
        if values.get("margin") == "iou" and isinstance(value, tuple):
            raise ValueError("the margin iou has costs of its own, and gamma is their mean; a number is wanted")
        return value


def _costs(value, axes, wanted):
    """Return costs, each from 0 to the largest, as a float or as nested tuples; `axes` are the allowed depths."""
    if isinstance(value, (list, tuple)) and max(axes) > 0:
        return tuple(_costs(entry, [axis - 1 for axis in axes], wanted) for entry in value)
    if 0 not in axes or isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{wanted} is wanted")
    if not 0 <= value <= LARGEST[float]:
        raise ValueError(f"numbers from 0 to {LARGEST[float]} are wanted, not {value}")
    return float(value)


def parse_param_str(model, layer):
    """Read a Caffe Python layer's `param_str`, a JSON object, into `model`."""
    text = layer.param_str or "{}"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"The param_str of a {type(layer).__name__} layer is not JSON ({error}); "
                         f"it reads: {text}") from None
    return parse(model, values, f"The param_str of a {type(layer).__name__} layer")
