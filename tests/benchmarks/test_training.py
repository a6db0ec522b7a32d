"""The benchmark of training: its table for the scenes, without TensorFlow."""

import re

from benchmarks import training


def test_it_times_each_way_to_train(tmp_path, command):
    status, output, errors = command(training.main, "--build", tmp_path, "--datasets", "scenes", "--stages", "stage4",
                                     "--rounds", "1", "--iterations", "1")
    assert (status, errors) == (0, "") and "bench-training: 1 of 1 rounds" in output
    rows = [re.split("  +", line.strip()) for line in output.splitlines() if line.startswith("scenes ")]
    assert [row[:2] for row in rows] == [["scenes", "stage4"]] * 3
    assert [row[2].split(",")[0] for row in rows] == ["one thread", "one process", "the default"]
    assert rows[0][3] == rows[1][3] == "1" and int(rows[2][3]) in (1, 2, 4)
    assert all(float(row[4]) > 0 for row in rows) and float(rows[2][-1]) == 1
