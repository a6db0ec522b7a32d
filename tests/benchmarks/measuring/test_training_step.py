"""A training step of a tiny net, taken apart."""

import numpy as np

from benchmarks.measuring.problem import Source
from benchmarks.measuring.training_step import frame_with_labels, measure_training_step

TINY = Source(None, 24, 40, 4)


def test_the_crf_is_a_part_of_the_step(tmp_path):
    measured = measure_training_step(TINY, 2, tmp_path, width=1 / 64)
    assert len(measured["step"]) == len(measured["crf"]) == 2
    assert all(0 < crf < step for crf, step in zip(measured["crf"], measured["step"]))
    assert 50e6 < measured["peak_bytes"] < 5e9


def test_the_frame_is_an_entry_of_a_dataset():
    image, labels = frame_with_labels(TINY)
    assert image.shape == (24, 40, 3) and labels.shape == (24, 40) and labels.dtype == np.uint8
    assert (labels == TINY.load().probability[0].argmax(axis=0)).all()
