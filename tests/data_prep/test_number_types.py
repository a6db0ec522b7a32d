"""Numbers on command lines are read, and other words refused by name."""

import argparse

import pytest

from data_prep.number_types import positive_integer, positive_real, whole_number

NEVER = ["-1", "x", "", "1e3x", "nan", "inf", "-inf", "\N{SUPERSCRIPT TWO}", "\N{ARABIC-INDIC DIGIT TWO}"]


@pytest.mark.parametrize("parse, word, number", [
    (whole_number(0), "0", 0), (positive_integer, "1", 1), (positive_integer, "0012", 12), (positive_real, "0.5", 0.5),
    (positive_real, "1e-3", 0.001), (positive_real, "7", 7.0)])
def test_numbers_are_read(parse, word, number):
    assert parse(word) == number and type(parse(word)) is type(number)


@pytest.mark.parametrize("parse, word", [
    *((parse, word) for parse in (whole_number(0), positive_integer) for word in NEVER + ["2.0", "1e3"]),
    *((positive_real, word) for word in NEVER[:-1]), (positive_integer, "0"), (positive_real, "0"),
    (positive_real, "-0.0"), (whole_number(3), "2")])
def test_other_words_are_refused_by_name(parse, word):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a .* number") as error:
        parse(word)
    assert f"'{word}'" in str(error.value)
