"""Regions to enlarge, against a search through all windows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.reporting.disagreements import Region, choose_regions


def test_finds_the_patch_where_one_is_right():
    truth = np.zeros((20, 30), int)
    first, second = truth.copy(), truth.copy()
    first[4:8, 10:14] = 1
    assert choose_regions([truth], [first], [second], 3, 4) == [Region(0, 4, 10, 4)]


def test_differences_at_void_or_where_both_are_wrong_do_not_count():
    truth = np.zeros((9, 9), int)
    truth[:, :3] = 255
    first, second = np.full((9, 9), 1), np.full((9, 9), 2)
    first[:, :3] = 0
    assert choose_regions([truth], [first], [second], 2, 3) == []


def test_fullest_first_over_all_images():
    truth = np.zeros((12, 12), int)
    little, much = truth.copy(), truth.copy()
    little[0, 0] = 1
    much[5:8, 5:8] = 1
    regions = choose_regions([truth, truth], [little, much], [truth, truth], 2, 3)
    assert [region.image for region in regions] == [1, 0]


def test_regions_are_cut_to_small_images_and_cut_rasters():
    truth = np.arange(6).reshape(2, 3)
    region, = choose_regions([truth], [truth], [truth + 1], 5, 10, most_an_image=1)
    assert region.side == 2
    np.testing.assert_array_equal(Region(0, 0, 1, 2).cut(truth), [[1, 2], [4, 5]])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(0, 1000))
def test_first_region_is_the_fullest_window_and_none_overlap(height, width, side, seed):
    generator = np.random.RandomState(seed)
    truth, first, second = generator.randint(0, 3, (3, height, width))
    regions = choose_regions([truth], [first], [second], 3, side, most_an_image=3)
    decided = (first == truth) != (second == truth)
    side = min(side, height, width)
    counts = [decided[y:y + side, x:x + side].sum()
              for y in range(height - side + 1) for x in range(width - side + 1)]
    assert bool(regions) == decided.any()
    covered = np.zeros((height, width), int)
    for region in regions:
        region.cut(covered)[...] += 1
        assert region.cut(decided).any()
    assert covered.max() <= 1
    if regions:
        assert regions[0].cut(decided).sum() == max(counts)
