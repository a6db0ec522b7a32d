"""Neighbourhoods lead to later pixels; the compatibility is directed and costs nothing for equal labels."""

import numpy as np

from benchmarks.measuring.neighbours import NEIGHBOURHOODS, general_compatibility


def test_every_offset_leads_to_a_later_pixel_and_stands_once():
    for neighbours in NEIGHBOURHOODS.values():
        assert all(offset > (0, 0) for offset in neighbours) and len(set(neighbours)) == len(neighbours)
    assert {name: len(neighbours) for name, neighbours in NEIGHBOURHOODS.items()} == {
        "4": 2, "8": 4, "4 and 4 pixels away": 4, "8 and 4 pixels away": 6}


def test_compatibility():
    costs = general_compatibility(5)
    assert costs.shape == (5, 5) and costs.dtype == np.float32 and not (costs == costs.T).all()
    assert (costs[np.eye(5, dtype=bool)] == 0).all()
    apart = costs[~np.eye(5, dtype=bool)]
    assert apart.min() >= 0.5 and apart.max() <= 1.5 and len(np.unique(apart)) == 20
    assert (general_compatibility(5) == costs).all()
