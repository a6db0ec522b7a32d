"""Figures of an iteration, a line per stage."""

from benchmarks.results.caffe_steps import table_lines


def test_seconds_have_a_digit_and_memory_is_in_gigabytes():
    assert list(table_lines([("stage1", 12.345, 40.3, 10.8e9), ("stage4", 0.04, 100.06, 9.96e8)])) == [
        "an iteration of  seconds  of processors  peak memory",
        "stage1              12.3           40.3      10.8 GB",
        "stage4               0.0          100.1       1.0 GB"]
