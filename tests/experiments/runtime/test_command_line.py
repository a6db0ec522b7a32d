"""Errors of the command line tools: one sentence and a status."""

import pytest

from experiments.runtime.command_line import OUT_OF_MEMORY


@pytest.mark.parametrize("error, status, sentence", [
    (ValueError("there is no such split"), 1, "error: there is no such split"),
    (MemoryError("unary (1, 2, 3, 4) needs 5 GB"), 1, "error: unary (1, 2, 3, 4) needs 5 GB"),
    (MemoryError(), 1, f"error: {OUT_OF_MEMORY}"),
    (KeyboardInterrupt(), 130, "interrupted"),
])
def test_an_error_is_one_sentence(command, error, status, sentence):
    def main(arguments):
        raise error
    assert command(main) == (status, "", sentence + "\n")
