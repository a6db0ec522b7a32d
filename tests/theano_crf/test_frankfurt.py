"""A real street scene with known optimal energies; skipped unless FRANKFURT names its half.npz."""
import os

import numpy as np
import pytest

import theano_crf

PATH = os.environ.get("FRANKFURT")
pytestmark = pytest.mark.skipif(not PATH, reason="FRANKFURT does not name the file half.npz")


@pytest.fixture(scope="module")
def frame():
    with np.load(PATH) as stored:
        image = stored["image"].transpose(2, 0, 1)[None] / np.float32(255)
        probability = stored["prob"].astype(np.float32)[None]
    return probability, theano_crf.contrast_weights(image)


def test_energy_of_argmax(frame):
    probability, weights = frame
    argmax = probability.argmax(1)
    assert theano_crf.energy(-probability, weights, argmax)[0] == pytest.approx(-454933.161, abs=0.01)
    logarithm = -np.log(np.maximum(probability, 1e-6))
    assert theano_crf.energy(logarithm, weights, argmax)[0] == pytest.approx(93775.078, abs=0.01)


def test_fifteen_iterations(frame):
    probability, weights = frame
    solution = theano_crf.dual_mm(-probability, weights)
    assert -470131.8 <= solution.lower_bound[0] <= -470109.8
    assert -470109.9 <= solution.energy[0] <= -469640
