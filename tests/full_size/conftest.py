"""Output of `make test-full-size`: time and memory that the paper's sizes took."""

import pytest


@pytest.fixture
def tell(capsys):
    """Return a function that prints a line at once."""
    def print_line(line):
        with capsys.disabled():
            print(f"\n{line}", flush=True)
    return print_line
