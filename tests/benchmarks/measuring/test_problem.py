"""Frames: read, or drawn in any size."""

import numpy as np
import pytest

from benchmarks.measuring.problem import FRAME, Problem, Source, draw_frame


def store(folder, **arrays):
    np.savez(folder / FRAME, **arrays)
    return Source(str(folder))


def test_a_frame_is_read_as_it_is(tmp_path):
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (4, 6, 3), dtype=np.uint8)
    probability = generator.dirichlet(np.ones(3), (4, 6)).transpose(2, 0, 1).astype(np.float16)
    problem = store(tmp_path, image=image, prob=probability).load()
    assert problem.name == "half.npz, 6 x 4, 3 labels" and (problem.image == image).all()
    assert problem.probability.dtype == np.float32 and (problem.probability[0] == probability).all()
    assert problem.weights.shape == (1, 2, 4, 6) and problem.volume_bytes == 4 * 3 * 4 * 6


@pytest.mark.parametrize("arrays, words", [
    ({"image": np.zeros((4, 6, 3), np.uint8)}, "holds image; it must hold image"),
    ({"image": np.zeros((4, 6, 3)), "prob": np.zeros((2, 4, 6))}, "float64"),
    ({"image": np.zeros((4, 5, 3), np.uint8), "prob": np.zeros((2, 4, 6))}, r"\(4, 5, 3\)")])
def test_another_file_is_refused(arrays, words, tmp_path):
    with pytest.raises(ValueError, match=words):
        store(tmp_path, **arrays).load()


def test_a_folder_without_the_frame_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"There is no {tmp_path}/half.npz; FRANKFURT"):
        Source(str(tmp_path)).load()


@pytest.mark.parametrize("height, width, labels", [(40, 64, 19), (17, 31, 2), (9, 8, 150)])
def test_drawn_frames_have_any_size(height, width, labels):
    image, probability = draw_frame(height, width, labels)
    assert image.shape == (height, width, 3) and image.dtype == np.uint8
    assert probability.shape == (1, labels, height, width) and probability.dtype == np.float32
    np.testing.assert_allclose(probability.sum(axis=1), 1, atol=1e-5)
    again = draw_frame(height, width, labels)
    assert (again[0] == image).all() and (again[1] == probability).all()


def test_a_drawn_frame_is_a_problem_worth_solving():
    _, probability = draw_frame(120, 240, 12)
    most = probability[0].max(axis=0)
    assert 0.5 < most.mean() < 0.99 and len(np.unique(probability[0].argmax(axis=0))) > 4


def test_costs_of_both_kinds():
    probability = np.array([[1.0, 0.25], [0.0, 0.75]], np.float32).reshape(1, 2, 1, 2)
    problem = Problem("tiny", np.zeros((1, 2, 3), np.uint8), probability)
    assert (problem.unary("-p") == -probability).all()
    np.testing.assert_allclose(problem.unary("-log p").ravel(), [0, np.log(4), np.log(1e6), np.log(4 / 3)], rtol=1e-5,
                               atol=2e-6)
