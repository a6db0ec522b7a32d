"""The settings of the CRF's learnt terms, which go beyond the paper's model (its section 6); by default none is learnt.
"""

from typing import Literal

import pydantic

from data_prep.strict_model import StrictModel
from prototxt.learnt import COMPATIBILITIES, NONE, PAIRWISE_NETS


class LearntTerms(StrictModel):
    """Terms that the structured loss's stage learns, from the paper's model on, each at its own rate.

    The rates are factors of the stage's `base_lr`.
    """

    learn_contrast: bool = False    # alpha, beta and a lambda per neighbour
    contrast_rate: float = pydantic.Field(500, ge=0)
    pairwise_net: Literal[PAIRWISE_NETS] = NONE     # what a second CNN sees, which gives factors of the weights
    pairwise_rate: float = pydantic.Field(10, ge=0)
    learn_compatibility: Literal[COMPATIBILITIES] = NONE    # from Potts on
    learn_diagonal: bool = True     # of the compatibilities; else equal labels cost nothing, as with Potts
    compatibility_rate: float = pydantic.Field(100, ge=0)
    learn_class_bias: bool = False  # a number per class, added to its unary costs
    class_bias_rate: float = pydantic.Field(500, ge=0)
