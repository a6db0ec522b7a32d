"""Intervals of differences in mean IoU."""

import numpy as np
import pytest

from experiments.scoring.bootstrap import FRAMES_PER_BLOCK, difference_interval, frame_blocks
from experiments.scoring.metrics import scores


def random_confusions(images, seed, diagonal):
    return np.random.RandomState(seed).randint(0, 20, (images, 3, 3)) + diagonal * np.eye(3, dtype=int)


def mean_iou(confusions):
    return scores(confusions.sum(axis=0), "abc", "abc").classes


def test_difference_is_that_of_all_images_and_lies_in_the_interval():
    first, second = random_confusions(30, 0, 40), random_confusions(30, 1, 30)
    difference, low, high = difference_interval(first, second)
    assert difference == pytest.approx(mean_iou(first) - mean_iou(second))
    assert low < difference < high


def test_interval_agrees_with_one_drawn_in_a_loop():
    first, second = random_confusions(12, 2, 40), random_confusions(12, 3, 35)
    generator, drawn = np.random.RandomState(9), []
    for _ in range(2000):
        chosen = generator.randint(0, 12, 12)
        drawn.append(mean_iou(first[chosen]) - mean_iou(second[chosen]))
    _, low, high = difference_interval(first, second)
    width = np.subtract(*np.percentile(drawn, [97.5, 2.5]))
    np.testing.assert_allclose([low, high], np.percentile(drawn, [2.5, 97.5]), atol=0.1 * width)


def test_class_that_is_nowhere_does_not_count():
    first = np.zeros((2, 3, 3), int)
    first[:, 0, 0], first[:, 0, 1], first[:, 1, 1] = 8, 2, 10
    assert difference_interval(first, first) == (0, 0, 0)
    better = first.copy()
    better[:, 0] = 10, 0, 0
    expected = 100 - 100 * (8 / 10 + 10 / 12) / 2
    np.testing.assert_allclose(difference_interval(better, first), [expected] * 3)


def test_is_reproducible():
    pair = random_confusions(10, 4, 9), random_confusions(10, 5, 9)
    assert difference_interval(*pair) == difference_interval(*pair)


@pytest.mark.parametrize("shapes", [((2, 3, 3), (3, 3, 3)), ((0, 3, 3), (0, 3, 3))])
def test_unequal_or_no_images_are_refused(shapes):
    with pytest.raises(ValueError, match="one matrix for each"):
        difference_interval(*map(np.zeros, shapes))


def test_blocks_are_neighbours_by_name():
    for count, length in ((105, FRAMES_PER_BLOCK), (25, 2), (11, 1), (7, 1)):
        names = [f"frame{number:03d}" for number in np.random.RandomState(0).permutation(count)]
        blocks = frame_blocks(names)
        assert [blocks[names.index(f"frame{number:03d}")] for number in range(count)] == [
            number // length for number in range(count)]
        assert sorted(frame_blocks(names, independent=True)) == list(range(count))


def test_images_of_a_block_are_drawn_together():
    first, second = random_confusions(12, 2, 40), random_confusions(12, 3, 35)
    blocks = np.array([0, 1, 2, 3] * 3)
    generator, drawn = np.random.RandomState(9), []
    for _ in range(2000):
        chosen = np.concatenate([np.flatnonzero(blocks == block) for block in generator.randint(0, 4, 4)])
        drawn.append(mean_iou(first[chosen]) - mean_iou(second[chosen]))
    difference, low, high = difference_interval(first, second, blocks)
    width = np.subtract(*np.percentile(drawn, [97.5, 2.5]))
    np.testing.assert_allclose([low, high], np.percentile(drawn, [2.5, 97.5]), atol=0.1 * width)
    assert difference == pytest.approx(mean_iou(first) - mean_iou(second))


def test_intervals_over_blocks_cover_what_intervals_over_correlated_frames_do_not():
    """Of films whose frames are ten times the same, the difference in the long run is known: none."""
    generator, covered = np.random.RandomState(4), {"frames": 0, "blocks": 0}
    blocks = np.repeat(np.arange(10), FRAMES_PER_BLOCK)
    for _ in range(100):
        first, second = (generator.randint(30, 60, (10, 2, 2))[blocks] for _ in range(2))
        for name, of in (("frames", None), ("blocks", blocks)):
            _, low, high = difference_interval(first, second, of, samples=200)
            covered[name] += low <= 0 <= high
    assert covered["blocks"] >= 80 and covered["frames"] <= 60


def test_a_class_without_true_pixels_counts_for_neither():
    confusions = np.zeros((3, 3, 3), int)
    confusions[:, 0, 0], confusions[:, 1, 1] = 8, 10
    guesses = confusions.copy()
    guesses[:, 0] = 6, 0, 2  # a class that is nowhere
    assert difference_interval(confusions, guesses)[0] == pytest.approx(100 * (1 - 6 / 8) / 2)
