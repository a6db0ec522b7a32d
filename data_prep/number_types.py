"""Types of numbers for argparse; any other word is refused with one sentence."""

import argparse
import math


def whole_number(least, most=math.inf):
    """Return the type of whole numbers of at least `least` and at most `most`."""
    def parse(text):
        if not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            limit = "" if most == math.inf else f" and at most {most}"
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least {least}{limit}")
        return int(text)
    return parse


def positive_real(text):
    """Read a finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"'{text}' is not a finite number above 0")
    return number


positive_integer = whole_number(1)
