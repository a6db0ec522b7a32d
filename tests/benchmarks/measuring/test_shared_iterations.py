"""A measurement on other processes: started with their threads, read from what they print last."""

import sys

import pytest

from benchmarks.measuring.shared_iterations import on_processes


@pytest.fixture
def python(tmp_path, monkeypatch):
    """A stand-in for Python that prints its words and threads as JSON, after a line of something else."""
    script = tmp_path / "python"
    script.write_text('#!/bin/bash\necho loading\necho "{\\"words\\": \\"$*\\", \\"threads\\": $OMP_NUM_THREADS}"\n')
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    return script


def test_the_last_line_is_the_result(python):
    assert on_processes(3, ["some.module", "--measure"]) == {
        "words": "-m experiments.parallel --processes 3 some.module --measure", "threads": 3}


def test_a_failure_says_on_how_many_processes(python):
    python.write_text("#!/bin/bash\nexit 7\n")
    with pytest.raises(RuntimeError, match="on 2 processes ended with status 7; the lines above say why"):
        on_processes(2, ["some.module"])
