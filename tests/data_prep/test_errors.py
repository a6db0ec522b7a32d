"""The exception that the command line prints as one sentence."""

from data_prep.errors import DataError


def test_a_line_break_in_a_files_name_does_not_break_the_sentence():
    assert str(DataError("a\nb.png is damaged:\r\nremove it.")) == "a b.png is damaged: remove it."
