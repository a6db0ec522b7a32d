"""The configuration's sections on CRFs: the paper's, the fully connected one, and what a grid search tries of both."""

from typing import Literal, Tuple

import pydantic

from data_prep.strict_model import StrictModel
from experiments.settings.learnt_terms import LearntTerms
from prototxt.unary import KINDS, NEGATIVE_PROBABILITY
from python_layers.parameters import InferenceParameters, MarginParameters, Neighbourhood, WeightParameters


class CRFConfig(LearntTerms, InferenceParameters, MarginParameters, Neighbourhood, WeightParameters):
    """Parameters of the CRF: those of its layers, by default the paper's (section 5) where it names them."""

    unary: Literal[KINDS] = NEGATIVE_PROBABILITY
    # Of the softmax that the unary costs come from, softmax(score / temperature): above 1 it cools a CNN that is
    # too sure of itself.
    temperature: float = pydantic.Field(1, gt=0)
    # Exponent of the margins of true classes, (median frequency / frequency) ^ margin_balance, with a mean of 1 over
    # labelled training pixels, so that gamma stays the mean margin.
    margin_balance: float = pydantic.Field(0, ge=0, le=1)

    @pydantic.validator("margin_balance")
    def check_balance(cls, value, values):
        if value and values.get("margin") == "iou":
            raise ValueError("it balances the margin hamming, and iou weighs classes by itself; set one of the two")
        return value


class DenseCRFConfig(StrictModel):
    """Parameters of the fully connected CRF that the paper compares with; by default those of pydensecrf's example."""

    smoothness: float = pydantic.Field(3, ge=0)
    smoothness_distance: float = pydantic.Field(3, gt=0)    # pixels
    appearance: float = pydantic.Field(10, ge=0)
    appearance_distance: float = pydantic.Field(80, gt=0)   # pixels
    appearance_colour: float = pydantic.Field(13, gt=0)     # of 255
    iterations: int = pydantic.Field(10, ge=1)


class GridConfig(StrictModel):
    """Values that the grid search tries of each of the CRF's parameters; of one without values, the CRF's own."""

    alpha: Tuple[float, ...] = ()
    beta: Tuple[float, ...] = ()
    lam: Tuple[float, ...] = ()
    iterations: Tuple[int, ...] = ()
    gamma: Tuple[pydantic.confloat(gt=0), ...] = ()   # the search divides by it
    temperature: Tuple[float, ...] = ()
    relative_contrast: Tuple[bool, ...] = ()

    @pydantic.validator("*")
    def check_bounds(cls, values, field):
        """Each value must be one that the CRF takes."""
        return _checked_values(CRFConfig, field.name, values)


class DenseGridConfig(StrictModel):
    """Values that the grid search tries of the fully connected CRF's parameters; without values, its own."""

    smoothness: Tuple[float, ...] = ()
    smoothness_distance: Tuple[float, ...] = ()
    appearance: Tuple[float, ...] = ()
    appearance_distance: Tuple[float, ...] = ()
    appearance_colour: Tuple[float, ...] = ()
    iterations: Tuple[int, ...] = ()

    @pydantic.validator("*")
    def check_bounds(cls, values, field):
        """Each value must be one that the fully connected CRF takes."""
        return _checked_values(DenseCRFConfig, field.name, values)


def _checked_values(model, name, values):
    for value in values:
        try:
            model(**{name: value})
        except pydantic.ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from None
    return values
