"""Accuracy over time as text."""

from benchmarks.results.accuracy import Accuracy
from benchmarks.results.accuracy_tables import accuracy_table


def test_times_are_milliseconds_and_energies_are_above_the_least_costs(raw_accuracy):
    text = accuracy_table(Accuracy(raw_accuracy))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("made: optimum 110.0, which is 100.0 above the sum of the least unary costs")
    assert lines[1].startswith("ms until")
    one_thread = Accuracy(dict(raw_accuracy, processor_time=True))
    assert accuracy_table(one_thread).splitlines()[1].startswith("ms of one thread until")
    assert "method 1 % 0.1 % 0.01 % bound 1 % bound 0.1 % bound 0.01 % proof last energy last bound" in lines
    assert "dual_mm icm 2000.0 2000.0 4000.0 4000.0 4000.0 4000.0 4000.0 100.0 100.0" in lines
    assert "TRW-S 6000.0 6000.0 - 6000.0 - - - 100.1 99.0" in lines
    assert "alpha expansion 1500.0 - - - - - - 100.5 -" in lines
