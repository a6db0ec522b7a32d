"""Unary costs of probabilities by hand; test_nets.py holds the layers against them."""

import numpy as np
import pytest

from prototxt.unary import KINDS, unary_costs

PROBABILITY = np.array([1.0, 0.5, 1e-6, 0.0], np.float32)


@pytest.mark.parametrize("kind, expected", [
    ("-p", [-1, -0.5, -1e-6, 0]), ("-log p", [0, np.log(2), np.log(5e5), np.log(1e6)])])
def test_costs_by_hand(kind, expected):
    costs = unary_costs(PROBABILITY, kind)
    assert costs.dtype == np.float32 and kind in KINDS
    np.testing.assert_allclose(costs, expected, rtol=1e-5, atol=3e-6)
