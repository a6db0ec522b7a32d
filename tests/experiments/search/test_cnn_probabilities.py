"""The CNN's probabilities that are kept on disk, against those computed in NumPy."""

import shutil

import numpy as np
import pytest

from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from experiments.nets.segmenter import Segmenter
from experiments.search import cnn_probabilities
from experiments.search.cnn_probabilities import Probabilities


class CountingSegmenter(Segmenter):
    """Counts the images that it labels."""

    images = 0

    def __call__(self, image):
        CountingSegmenter.images += 1
        return super().__call__(image)


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(cnn_probabilities, "Segmenter", CountingSegmenter)
    monkeypatch.setattr(CountingSegmenter, "images", 0)


def kept(folder):
    return Probabilities(folder, "val", read_metadata(str(folder / "lmdb")), 1)


def in_numpy(build, image):
    score = build._scores("stage3", image)
    exponential = np.exp(score - score.max(axis=0))
    return exponential / exponential.sum(axis=0)


def test_they_are_those_computed_in_numpy(tiny_build):
    records = open_records(str(tiny_build.folder / "lmdb" / "val"))
    probabilities = kept(tiny_build.folder)
    assert len(probabilities) == 5
    for index in range(5):
        image, truth, probability = probabilities[index]
        assert probabilities.name(index) == records.name(index)
        np.testing.assert_array_equal(image, records[index][0])
        np.testing.assert_array_equal(truth, records[index][1])
        np.testing.assert_allclose(probability, in_numpy(tiny_build, image), atol=1e-5)


def test_only_what_is_missing_is_computed(tiny_build, counted):
    first = kept(tiny_build.folder)[2][2]
    assert CountingSegmenter.images == 5
    (tiny_build.folder / "unaries" / "val" / "000002.npy").unlink()
    np.testing.assert_array_equal(kept(tiny_build.folder)[2][2], first)
    assert CountingSegmenter.images == 6


def test_a_moved_build_folder_keeps_them(tiny_build, counted):
    mark = kept(tiny_build.folder).mark
    moved = tiny_build.folder.rename(tiny_build.folder.with_name("moved"))
    assert kept(moved).mark == mark and CountingSegmenter.images == 5


def test_those_of_other_weights_are_computed_anew(tiny_build, counted):
    before = kept(tiny_build.folder)
    probability = before[0][2]
    shutil.copy(tiny_build.folder / "control" / "final.caffemodel", tiny_build.folder / "stage3" / "final.caffemodel")
    after = kept(tiny_build.folder)
    assert after.mark != before.mark and CountingSegmenter.images == 10
    assert np.abs(after[0][2] - probability).max() > 0.1
