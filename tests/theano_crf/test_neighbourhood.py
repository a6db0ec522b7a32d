"""Offsets of a neighbourhood: what is taken, and what is refused with one sentence."""
import numpy as np
import pytest

from theano_crf.neighbourhood import checked_neighbours, shown


@pytest.mark.parametrize("offsets", [[[0, 1], [1, 0]], ((0, 1), (1, 0)), np.array([[0, 1], [1, 0]]),
                                     iter([(0, np.int8(1)), (1, 0)])])
def test_pairs_of_any_kind_become_tuples_of_int(offsets):
    neighbours = checked_neighbours(offsets)
    assert neighbours == ((0, 1), (1, 0)) and all(type(step) is int for pair in neighbours for step in pair)


def test_an_offset_may_stand_twice_and_point_to_the_left():
    assert checked_neighbours([(1, -3), (1, -3), (0, 7)]) == ((1, -3), (1, -3), (0, 7))


@pytest.mark.parametrize("offsets", [(), 3, "ab", [(0,)], [(0, 1.0)], [(0, 0)], [(0, -1)], [(-1, 1)], [(0, 2 ** 21)],
                                     [(False, 1)], [None]])
def test_others_are_refused(offsets):
    with pytest.raises(ValueError, match="^neighbours (is|holds) ") as error:
        checked_neighbours(offsets)
    assert "\n" not in str(error.value)


def test_long_values_are_shown_on_one_short_line():
    assert shown(np.zeros((30, 30))).endswith("...") and len(shown("x" * 500)) == 80
