"""The order of the training data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from python_layers.order import Order, evenly_spread, next_position


@pytest.mark.parametrize("records", [1, 5, 64])
def test_each_epoch_has_every_record_once_in_an_order_of_its_own(records):
    order = Order(records, shuffle=True, mirror=True, seed=3)
    epochs = [[order.at(epoch * records + offset) for offset in range(records)] for epoch in range(3)]
    assert all(sorted(index for index, _ in epoch) == list(range(records)) for epoch in epochs)
    if records == 64:
        assert epochs[0] != epochs[1] != epochs[2]
        assert 16 < sum(mirrored for _, mirrored in epochs[0]) < 48


def test_a_position_follows_from_the_seed_alone_whatever_was_asked_before():
    forward = Order(7, True, True, 5)
    wanted = [forward.at(position) for position in range(30)]
    backward = Order(7, True, True, 5)
    assert [backward.at(position) for position in reversed(range(30))] == wanted[::-1]
    assert [Order(7, True, True, 6).at(position) for position in range(30)] != wanted


def test_without_shuffling_and_mirroring_records_come_as_they_are():
    order = Order(3, False, False, 0)
    assert [order.at(position) for position in range(5)] == [(0, False), (1, False), (2, False), (0, False), (1, False)]


@pytest.mark.parametrize("processes, round_length", [(1, 1), (1, 6), (2, 2), (2, 6), (3, 6), (6, 6), (3, 12)])
def test_several_processes_take_consecutive_ones_of_each_round(processes, round_length):
    own = round_length // processes
    taken = [[next_position(count, round_length, rank, processes) for rank in range(processes)]
             for count in range(0, 3 * round_length, processes)]
    for at in range(3):
        of_round = taken[at * own:(at + 1) * own]
        by_rank = [[positions[rank] for positions in of_round] for rank in range(processes)]
        assert sum(by_rank, []) == list(range(at * round_length, (at + 1) * round_length))


@given(records=st.integers(1, 300), count=st.integers(1, 400))
def test_records_are_spread_evenly_and_without_repetition(records, count):
    places = evenly_spread(count, records)
    assert len(places) == min(count, records) and places[0] == 0 and places[-1] < records
    steps = np.diff([*places, records])
    assert steps.min() >= 1 and steps.max() - steps.min() <= 1
