"""Frames of Cityscapes' true size, 2048 x 1024, all the way with a narrow net."""

from tests.experiments.cityscapes_way import check_the_whole_way


def test_a_tree_of_full_size_frames_goes_all_the_way(tmp_path, command):
    check_the_whole_way(tmp_path, (1024, 2048), dict(width=1 / 64, padding="fcn"), command)
