"""Progress in a log: plain lines with what is done and the time left."""

import pytest

from data_prep import progress as module
from data_prep.progress import Progress, with_progress


@pytest.fixture
def clock(monkeypatch):
    """Return a function that lets seconds pass."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def wait(seconds):
        now[0] += seconds
    return wait


def test_a_line_comes_every_twenty_seconds_and_at_the_end(clock, capsys):
    with Progress("stage1", 10, 100, "iteration") as progress:
        for _ in range(90):
            clock(1)
            progress.advance("loss 0.5")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "stage1: 31 of 100 iterations, loss 0.5, 1.000 s each, 1 min 09 s left"
    assert lines[-1] == "stage1: 100 of 100 iterations, loss 0.5, 1.000 s each, 0 min 00 s left"
    assert len(lines) == 5


def test_bytes_are_shown_in_megabytes(clock, capsys):
    with Progress("vgg16", 0, 4_000_000, "byte") as progress:
        for _ in range(2):
            clock(21)
            progress.advance(steps=2_000_000)
    assert capsys.readouterr().out.splitlines() == ["vgg16: 2.0 of 4.0 MB, 0 min 21 s left",
                                                    "vgg16: 4.0 of 4.0 MB, 0 min 00 s left"]


def test_items_pass_through_one_by_one(clock, capsys):
    assert list(with_progress("abc", "score")) == ["a", "b", "c"]
    assert "score: 3 of 3 images" in capsys.readouterr().out


def test_on_a_terminal_there_is_a_bar_and_no_lines(monkeypatch, capsys):
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: True, raising=False)
    with Progress("stage1", 0, 2, "iteration") as progress:
        progress.advance()
        progress.advance()
    output = capsys.readouterr()
    assert "2/2" in output.err and output.out == ""


def test_a_terminal_behind_mpirun_has_its_bar_on_standard_output(monkeypatch, capsys):
    monkeypatch.setenv(module.COLUMNS_VARIABLE, "60")
    with Progress("stage1", 0, 2, "iteration") as progress:
        progress.advance()
        progress.note("a line")
        progress.advance()
    output = capsys.readouterr()
    assert "2/2" in output.out and "stage1: a line\n" in output.out and output.err == ""
    assert max(map(len, output.out.replace("\n", "\r").split("\r"))) <= 60
