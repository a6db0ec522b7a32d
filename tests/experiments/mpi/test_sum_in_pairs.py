"""Sums in pairs beside a recursive definition, whatever the number of processes; under MPI in test_data_parallel.py."""

from types import SimpleNamespace

import numpy as np
import pytest

from experiments.mpi.sum_in_pairs import SumInPairs, add_in_pairs, sums_put_away

NUMBERS = 50


class Net:
    """One blob of a layer and one of a data layer, whose `diff` no sum may touch."""

    def __init__(self):
        blobs = [SimpleNamespace(diff=np.zeros(NUMBERS, np.float32)) for _ in range(2)]
        self.params = {"data_train": blobs[:1], "conv": blobs[1:]}

    @property
    def gradient(self):
        return self.params["conv"][0].diff

    def clear_param_diffs(self):
        self.gradient[...] = 0


def gradients(count):
    """Numbers of many magnitudes, (count, NUMBERS), whose sum depends on the order."""
    generator = np.random.default_rng(count)
    return (generator.normal(size=(count, NUMBERS)) * 10.0 ** generator.integers(-4, 5, (count, NUMBERS))).astype(
        np.float32)


def sum_of_process(images, in_pairs=True):
    net = Net()
    total = SumInPairs(net, len(images), in_pairs)
    for _ in range(2):  # of two iterations
        total.begin()
        for place, image in enumerate(images):
            net.gradient[...] += image
            total.after_image(place)
    assert not net.params["data_train"][0].diff.any()
    return net.gradient


def halves(images):
    """The sum of one half and of the other, in float32; one by one where they cannot be halved."""
    if len(images) % 2:
        total = images[0].copy()
        for image in images[1:]:
            total += image
        return total
    middle = len(images) // 2
    return halves(images[:middle]) + halves(images[middle:])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8, 12, 16, 20, 32])
def test_one_process_adds_up_halves_of_halves(count):
    images = gradients(count)
    np.testing.assert_array_equal(sum_of_process(images), halves(images))


@pytest.mark.parametrize("count, processes",
                         [(2, 2), (4, 2), (4, 4), (8, 2), (8, 8), (12, 2), (12, 4), (16, 8), (20, 4)])
def test_several_processes_have_the_sum_of_one_to_the_last_bit(count, processes):
    images = gradients(count)
    for rank in range(processes):
        parts = [sum_of_process(share) for share in np.split(images, processes)]
        add_in_pairs(parts, parts[rank])
        np.testing.assert_array_equal(parts[rank], sum_of_process(images))


def test_one_by_one_the_sum_is_another():
    """Else the order would not matter, and the tests above could not fail."""
    images = gradients(16)
    one_by_one = sum_of_process(images, in_pairs=False)
    np.testing.assert_array_equal(one_by_one, np.add.reduce(images, axis=0))
    assert not np.array_equal(one_by_one, sum_of_process(images))


@pytest.mark.parametrize("count", range(1, 8))
def test_any_number_of_parts_is_added_up_once(count):
    for at in range(count):
        parts = [np.full(3, 2 ** place, np.float32) for place in range(count)]
        result = parts[at]
        add_in_pairs(parts, result)
        assert result.tolist() == [2 ** count - 1] * 3


@pytest.mark.parametrize("images, kept", [(1, 0), (2, 0), (3, 0), (4, 1), (6, 1), (8, 2), (20, 2), (32, 4)])
def test_as_many_sums_are_put_away_as_the_memory_estimate_counts(images, kept):
    net = Net()
    total, most = SumInPairs(net, images), 0
    for place in range(images):
        total.after_image(place)
        most = max(most, len(total._kept))
    assert most == kept == sums_put_away(images) and total.adds == (kept > 0)


def test_sums_of_an_iteration_that_was_broken_off_are_forgotten():
    net = Net()
    total = SumInPairs(net, 4)
    for place in range(2):
        net.gradient[...] += 100
        total.after_image(place)
    total.begin()
    for place in range(4):
        net.gradient[...] += 1
        total.after_image(place)
    assert net.gradient.tolist() == [4] * NUMBERS
