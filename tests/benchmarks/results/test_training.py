"""The table of the benchmark of training, against figures computed by hand."""

from benchmarks.results.training import table


def test_ratios_are_taken_round_by_round():
    measured = {("camvid", "stage3"): {"one thread": [(1, 3.0), (1, 4.0), (1, 20.0)],
                                       "TensorFlow": [(1, 1.0), (1, 2.0), (1, 8.0)]}}
    header, mine, theirs = (line.split() for line in table(measured).splitlines())
    assert mine == ["camvid", "stage3", "one", "thread", "1", "4.000", "3.000", "2.50"]  # of 3, 2 and 2.5
    assert header[-3:] == ["times", "the", "last's"]
    assert theirs[-3:] == ["2.000", "1.000", "1.00"]
