"""The whole way with small frames; with true ones it is in tests/full_size."""

from tests.experiments.cityscapes_way import check_the_whole_way


def test_a_tree_of_small_frames_goes_all_the_way(tmp_path, command):
    check_the_whole_way(tmp_path, (64, 128), dict(width=1 / 64, padding="same"), command)
