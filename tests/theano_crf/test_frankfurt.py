"""A real street scene with known optimal energies; skipped unless FRANKFURT names the folder of its half.npz."""
import os

import numpy as np
import pytest

import theano_crf

FOLDER = os.environ.get("FRANKFURT")
pytestmark = pytest.mark.skipif(not FOLDER, reason="FRANKFURT does not name the folder of half.npz")


@pytest.fixture(scope="module")
def frame():
    with np.load(os.path.join(FOLDER, "half.npz")) as stored:
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


@pytest.mark.parametrize("logarithm, argmax, optimum, share", [
    (False, -454933.161, -470109.811, 0.9975), (True, 93775.078, 82040.557, 0.9998)])
def test_icm_closes_the_gap(frame, logarithm, argmax, optimum, share):
    probability, weights = frame
    unary = -np.log(np.maximum(probability, 1e-6)) if logarithm else -probability
    solution = theano_crf.dual_mm(unary, weights, decode="icm")
    assert (argmax - solution.energy[0]) / (argmax - optimum) >= share
    assert solution.energy[0] >= optimum - 0.01


@pytest.mark.parametrize("logarithm, optimum", [(False, -470109.811), (True, 82040.557)])
def test_fifty_iterations_solve_it_with_proof(frame, logarithm, optimum):
    probability, weights = frame
    unary = -np.log(np.maximum(probability, 1e-6)) if logarithm else -probability
    solution = theano_crf.dual_mm(unary, weights, iterations=50, decode="icm", tolerance=0)
    assert solution.proven[0]
    assert solution.energy[0] == pytest.approx(optimum, abs=0.1)
    assert solution.lower_bound[0] == pytest.approx(optimum, abs=0.1)
