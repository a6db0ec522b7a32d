"""The fuzz targets on their seeds, and on seeds with some bytes changed; `make test-fuzz` runs many more inputs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.store.datum import decode_planes
from tests.fuzz.targets import TARGETS, load


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name):
    check, seeds = load(name)
    for content in list(seeds())[:20]:
        check(content)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_seeds(name):
    check, seeds = load(name)
    contents = list(seeds())

    @settings(max_examples=30, deadline=None)
    @given(st.sampled_from(contents), st.randoms(use_true_random=False))
    def check_changed(content, generator):
        check(changed(content, generator))

    check_changed()


def changed(content, generator):
    """Return the content with some bytes overwritten, inserted or removed."""
    content = bytearray(content)
    for _ in range(generator.randint(1, 4)):
        place = generator.randint(0, len(content))
        content[place:place + generator.randint(0, 2)] = bytes(generator.randint(0, 255)
                                                               for _ in range(generator.randint(0, 2)))
    return bytes(content)


def test_a_wrong_result_or_another_exception_fails(monkeypatch):
    check, seeds = load("record")
    content = list(seeds())[1]

    def wrong(record, name):
        return decode_planes(record, name) ^ 1

    def crash(record, name):
        raise KeyError(name)

    for broken, error in ((wrong, AssertionError), (crash, KeyError)):
        monkeypatch.setattr("tests.fuzz.lmdbs.decode_planes", broken)
        with pytest.raises(error):
            check(content)
