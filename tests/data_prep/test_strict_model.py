"""Typed values: wrong types and unknown keys are one sentence."""

from typing import Optional, Tuple

import pytest

from data_prep.strict_model import StrictModel, parse


class Values(StrictModel):
    count: int = 1
    rate: float = 0.5
    sizes: Tuple[int, ...] = ()
    on: bool = False
    limit: Optional[int] = None


@pytest.mark.parametrize("values, name, expected", [
    ({"count": 3.0}, "count", 3), ({"rate": "1e-3"}, "rate", 0.001), ({"sizes": [1, 2]}, "sizes", (1, 2)),
    ({"on": True}, "on", True), ({"limit": None}, "limit", None)])
def test_values_are_read(values, name, expected):
    assert getattr(parse(Values, values, "It"), name) == expected


@pytest.mark.parametrize("values, key", [
    ({"count": 2.5}, "count"), ({"count": True}, "count"), ({"count": 2 ** 31}, "count"),
    ({"rate": float("nan")}, "rate"), ({"rate": float("inf")}, "rate"), ({"rate": "inf"}, "rate"),
    ({"sizes": [1, 2.5]}, "sizes"), ({"cuont": 1}, "cuont"), ({"limit": "many"}, "limit")])
def test_wrong_values_are_one_sentence_with_the_key(values, key):
    words = f"It: the key '{key}.* is wrong: .*; the keys on its first level are count, "
    with pytest.raises(ValueError, match=words) as error:
        parse(Values, values, "It")
    assert "\n" not in str(error.value)


def test_values_do_not_change():
    with pytest.raises(TypeError):
        Values().count = 2


@pytest.mark.parametrize("values", [None, [], 3, {1: 2}])
def test_only_mappings_of_names_are_taken(values):
    with pytest.raises(ValueError, match="allowed is a mapping of names to values"):
        parse(Values, values, "It")
