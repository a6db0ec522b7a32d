"""A table shown line by line."""

from benchmarks.results.growing_table import growing_table
from experiments.scoring.text import aligned_table

HEADER, ROWS = ("stage", "seconds", "MB"), [("1", "0.5", "7"), ("22", "11.25", "12")]


def test_it_is_the_table_of_all_rows():
    assert list(growing_table(HEADER, ROWS)) == ["stage  seconds  MB",
                                                 "1          0.5   7",
                                                 "22       11.25  12"]
    assert "\n".join(growing_table(HEADER, ROWS)) == aligned_table(HEADER, ROWS)


def test_a_row_is_asked_for_when_the_lines_before_are_shown():
    asked = []

    def rows():
        for row in ROWS:
            asked.append(row)
            yield row
    lines = growing_table(HEADER, rows())
    assert next(lines).startswith("stage") and asked == []
    assert next(lines).startswith("1") and asked == ROWS[:1]
