"""The table of the benchmark of training, against figures computed by hand."""

from benchmarks.results.training import table


def test_ratios_are_taken_round_by_round():
    measured = {("camvid", "stage3"): {"one thread": [(1, 3.0), (1, 4.0), (1, 20.0)],
                                       "TensorFlow": [(1, 1.0), (1, 2.0), (1, 8.0)]}}
    header, mine, theirs = (line.split() for line in table(measured).splitlines())
    assert header[-2:] == ["times", "TensorFlow's"]
    assert mine == ["camvid", "stage3", "one", "thread", "1", "4.000", "3.000", "2.50"]  # of 3, 2 and 2.5
    assert theirs[-3:] == ["2.000", "1.000", "1.00"]


def test_the_reference_is_named():
    measured = {("camvid", "stage3"): {"one thread": [(1, 3.0)], "the default": [(2, 1.0)]}}
    assert table(measured).splitlines()[0].endswith("times the default's")
