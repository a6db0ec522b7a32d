"""A target is met on its own side of the limit, and at the limit."""

import pytest

from benchmarks.results.target import Target


@pytest.mark.parametrize("value, at_least, met", [(1, False, True), (2, False, True), (3, False, False),
                                                  (1, True, False), (2, True, True), (3, True, True)])
def test_met(value, at_least, met):
    assert Target("text", value, 2, at_least).met == met
