"""The end of a stage, and its failure, by hand-made rows of scores and losses."""

import math
from contextlib import nullcontext

import numpy as np
import pytest

from experiments.training.stopping import LossWatch, best_round, has_converged, loss_range
from prototxt.stages import LOVASZ, SOFTMAX, SSVM
from python_layers.lovasz import lovasz_softmax


def rounds(*scores):
    return [{"iteration": 10 * index, "classes": score} for index, score in enumerate(scores)]


@pytest.mark.parametrize("scores, best", [
    ((5,), 0), ((1, 3, 2), 10), ((1, 3, 3), 10), ((None, 1, None), 10), ((None, None), 0), ((0, None), 0)])
def test_the_best_round_is_the_first_of_the_highest_score(scores, best):
    assert best_round(rounds(*scores))["iteration"] == best


@pytest.mark.parametrize("scores, patience, ended", [
    ((), 1, False), ((3,), 1, False), ((3, 3), 1, True), ((3, 4), 1, False), ((3, 4, 4), 2, False),
    ((3, 4, 4, 4), 2, True), ((3, 4, 2, 5, 5), 2, False), ((9, 1, 1, 1, 1), None, False), ((None, None), 1, True)])
def test_a_stage_ends_where_the_score_has_not_risen(scores, patience, ended):
    assert has_converged(rounds(*scores), patience) is ended


def test_noise_does_not_count_as_an_explosion():
    watch = LossWatch(ignorant=math.log(19))
    for loss in [0.3, 0.1, 2.9, 0.05, 8.0, 0.2] * 50:
        watch.add(loss)
    assert 0.05 < watch.smoothed < 8


def check_explosion(watch, level, explodes):
    with pytest.raises(FloatingPointError, match="has grown to") if explodes else nullcontext():
        for _ in range(200):
            watch.add(level)


@pytest.mark.parametrize("start, level, explodes", [
    (0.3, 2.8, False), (0.3, 3.1, True), (2.9, 28, False), (2.9, 30, True), (80, 30, True)])
def test_an_explosion_is_a_loss_beyond_ignorance_and_ten_times_the_start(start, level, explodes):
    watch = LossWatch(ignorant=2.9, start=start)
    check_explosion(watch, level, explodes)


@pytest.mark.parametrize("start, level, explodes", [
    (0.5, 0.94, False), (0.5, 0.97, True), (0.05, 0.85, False), (0.05, 0.92, True),  # a trained net
    (0.93, 0.95, False), (0.93, 0.98, True), (1, 1, False)])  # one that knows little or nothing
def test_a_bounded_loss_explodes_on_the_way_to_its_bound(start, level, explodes):
    ignorant, greatest = loss_range(LOVASZ, 10, 0.1)
    watch = LossWatch(ignorant, start, greatest)
    check_explosion(watch, level, explodes)


def test_the_loss_of_a_net_that_knows_nothing():
    labels = np.array([[[0, 1, 1, 2], [3, 3, 0, 255]]])
    losses, _ = lovasz_softmax(np.full((1, 5, 2, 4), 0.2), labels, 255)
    assert losses[0] == pytest.approx(loss_range(LOVASZ, 5, 0)[0]) and loss_range(LOVASZ, 5, 0)[1] == 1
    assert loss_range(SOFTMAX, 5, 0.1) == (math.log(5), math.inf) and loss_range(SSVM, 5, 0.1) == (1.1, math.inf)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_is_found_at_once(loss):
    watch = LossWatch(ignorant=1.0)
    watch.add(0.5)
    with pytest.raises(FloatingPointError, match=f"is {loss}"):
        watch.add(loss)
