"""Images at the nets' size: both of a pair there, or the truth at the dataset's."""

import numpy as np

from data_prep.store.records import open_records
from experiments.nets.net_images import NetImages


def test_images_are_of_the_nets_size_and_truth_to_score_of_the_datasets(tmp_path, make_dataset):
    make_dataset({"train": [(8, 10)], "val": [(24, 32), (9, 7)]}, tmp_path)
    folder = tmp_path / "lmdb" / "val"
    records, whole, half = open_records(str(folder)), NetImages(folder, 1), NetImages(folder, 0.5)
    assert len(half) == 2 and [half.name(index) for index in range(2)] == [records.name(index) for index in range(2)]
    for index in range(2):
        image, truth = records[index]
        for found, expected in zip((*whole[index], *whole.to_score(index)), (image, truth) * 2):
            np.testing.assert_array_equal(found, expected)
        smaller, labels = half[index]
        assert smaller.shape[:2] == labels.shape == {24: (12, 16), 9: (4, 4)}[truth.shape[0]]
        np.testing.assert_array_equal(half.to_score(index)[0], smaller)
        np.testing.assert_array_equal(half.to_score(index)[1], truth)
