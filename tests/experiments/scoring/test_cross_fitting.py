"""Cross-fitting: hand-made ways that are each best on one half, and choices that an image's own half cannot change."""

import numpy as np
import pytest

from experiments.scoring.bootstrap import frame_blocks
from experiments.scoring.cross_fitting import best_way, cross_fitted, cross_fitted_counts, halves_of, sum_of_halves
from experiments.scoring.image_counts import ImageCounts

RIGHT, WRONG = np.diag([3, 1]), np.array([[0, 3], [1, 0]])


@pytest.mark.parametrize("blocks, half", [
    ([0, 0, 1, 1], [0, 0, 1, 1]), ([2, 0, 1, 0], [1, 0, 1, 0]), ([0, 1, 2, 3, 4], [0, 0, 1, 1, 1]), ([0, 0], [1, 1])])
def test_the_second_half_begins_at_the_middle_block(blocks, half):
    assert halves_of(blocks).tolist() == half


def test_neighbouring_frames_stay_together():
    names = [f"frame{number:03}" for number in range(101)]
    half = halves_of(frame_blocks(names[::-1]))[::-1]
    assert half.tolist() == [0] * 50 + [1] * 51


def test_each_half_takes_what_is_best_on_the_other():
    ways = {"a": np.stack([RIGHT, RIGHT, WRONG, WRONG]), "b": np.stack([WRONG, WRONG, RIGHT, RIGHT])}
    confusions, chosen = cross_fitted(ways, [0, 0, 1, 1])
    assert chosen == ("b", "a") and (confusions == WRONG).all()
    assert sum_of_halves(ways["a"], np.array([0, 0, 1, 1])).tolist() == [(2 * RIGHT).tolist(), (2 * WRONG).tolist()]


def test_the_way_that_is_best_everywhere_is_taken_everywhere_and_the_first_of_equals():
    ways = {"b": np.stack([RIGHT] * 4), "a": np.stack([RIGHT] * 4), "c": np.stack([WRONG] * 4)}
    confusions, chosen = cross_fitted(ways, range(4))
    assert chosen == ("b", "b") and (confusions == RIGHT).all()
    assert best_way({"c": WRONG, "a": RIGHT}) == "a"


def test_an_images_own_half_has_no_say():
    generator = np.random.default_rng(0)
    for _ in range(50):
        ways = {key: generator.integers(0, 9, (6, 3, 3)) for key in range(4)}
        _, before = cross_fitted(ways, range(6))
        changed = {key: np.concatenate([generator.integers(0, 9, (3, 3, 3)), matrices[3:]])
                   for key, matrices in ways.items()}
        confusions, after = cross_fitted(changed, range(6))
        assert after[0] == before[0] and (confusions[:3] == changed[after[0]][:3]).all()


def test_a_single_image_takes_the_first_way():
    confusions, chosen = cross_fitted({"a": WRONG[None], "b": RIGHT[None]}, [0])
    assert chosen[1] == "a" and (confusions == WRONG).all()


def test_counts_of_every_kind_follow_the_choice():
    confusions = {"a": np.stack([RIGHT, WRONG]), "b": np.stack([WRONG, RIGHT])}
    counts = {key: ImageCounts(matrices, 10 * matrices, np.full((2, 2), ord(key)), np.full((2, 2), 3))
              for key, matrices in confusions.items()}
    own, chosen = cross_fitted_counts(counts, [0, 1])
    assert chosen == ("b", "a")
    assert (own.confusion == WRONG).all() and (own.band == 10 * WRONG).all()
    assert own.edges.tolist() == [[ord("b")] * 2, [ord("a")] * 2] and (own.true_edges == 3).all()
