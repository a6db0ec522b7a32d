"""Accuracy over time as a picture."""

import io

import numpy as np
from PIL import Image

from benchmarks.results.accuracy import Accuracy
from benchmarks.results.accuracy_picture import accuracy_over_time

COLOURS = ((18, 57, 95), (160, 60, 100), (217, 120, 45))  # DualMM with icm, TRW-S, alpha expansion


def pixels(measured):
    return np.asarray(Image.open(io.BytesIO(accuracy_over_time(measured))).convert("RGB"))


def test_every_method_is_drawn_and_each_problem_has_a_panel(raw_accuracy):
    one = [Accuracy(raw_accuracy)]
    small, large = pixels(one), pixels(one * 3)
    for colour in COLOURS:
        count = (small.reshape(-1, 3) == colour).all(axis=1).sum()
        assert count > 20 and (large.reshape(-1, 3) == colour).all(axis=1).sum() > 2 * count
    assert large.shape[0] > 1.5 * small.shape[0]
