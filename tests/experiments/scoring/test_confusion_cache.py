"""Counts kept while an evaluation runs."""

import numpy as np
import pytest

from experiments.scoring.confusion_cache import ConfusionStore
from experiments.scoring.image_counts import ImageCounts


def filled(path, mark="mark"):
    store = ConfusionStore(path, mark)
    for image in range(3):
        store.append("stage3", ImageCounts(*(np.full((2, *shape), image + 10 * place) for place, shape in
                                             enumerate([(4, 4), (4, 4), (2,), (2,)]))))
    store.save()
    return store


def test_what_is_saved_goes_on_also_from_another_place(tmp_path):
    filled(tmp_path / "evaluation.npz")
    (tmp_path / "evaluation.npz").rename(tmp_path / "moved.npz")
    store = ConfusionStore(tmp_path / "moved.npz", "mark")
    assert (store.done("stage3"), store.done("stage4")) == (3, 0)
    counts = store.counts("stage3")
    assert [field.shape for field in counts] == [(3, 2, 4, 4), (3, 2, 4, 4), (3, 2, 2), (3, 2, 2)]
    assert [field[2].max() for field in counts] == [2, 12, 22, 32]
    store.remove()
    store.remove()
    assert not (tmp_path / "moved.npz").exists()


def test_counts_of_another_mark_count_for_nothing(tmp_path):
    filled(tmp_path / "evaluation.npz", "of other weights")
    assert ConfusionStore(tmp_path / "evaluation.npz", "mark").done("stage3") == 0


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-40],
                                    lambda content: b"no zip at all"])
def test_a_damaged_file_counts_for_nothing(tmp_path, damage):
    path = tmp_path / "evaluation.npz"
    filled(path)
    path.write_bytes(damage(path.read_bytes()))
    assert ConfusionStore(path, "mark").done("stage3") == 0


def test_a_file_of_an_older_version_counts_for_nothing(tmp_path):
    np.savez(tmp_path / "evaluation.npz", mark="mark", stage3=np.zeros((3, 2, 4, 4)))
    assert ConfusionStore(tmp_path / "evaluation.npz", "mark").done("stage3") == 0
