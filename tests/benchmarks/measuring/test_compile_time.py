"""Compile folders: each fresh at first, then used again, then gone."""

import sys

import pytest

from benchmarks.measuring.compile_time import CALLS, compile_times, first_result_seconds


class Steps:
    def __init__(self):
        self.names = []

    def advance(self, status=""):
        self.names.append(status)


@pytest.fixture
def python(tmp_path, monkeypatch):
    """A stand-in for Python that notes its flags and takes 7 s in an empty folder, else 2 s."""
    script = tmp_path / "python"
    script.write_text(f"""#!/bin/bash
echo "$THEANO_FLAGS" >> {tmp_path}/flags
folder=${{THEANO_FLAGS##*base_compiledir=}}
[ -e "$folder/compiled" ] && echo 1.5 2 || echo 1.5 7
touch "$folder/compiled"
""")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    monkeypatch.setenv("THEANO_FLAGS", "base_compiledir=/usual,device=cpu")
    return tmp_path


def test_cold_and_warm(python):
    work, steps = python / "work", Steps()
    work.mkdir()
    seconds = compile_times(3, work, steps)
    assert seconds == {"import": [1.5] * 12, "dual_mm cold": [7] * 3, "dual_mm warm": [2] * 3,
                       "ssvm cold": [7] * 3, "ssvm warm": [2] * 3}
    flags = (python / "flags").read_text().splitlines()
    assert len(steps.names) == len(flags) == 12 and len(set(flags)) == 6
    assert all(line.startswith(f"base_compiledir=/usual,device=cpu,base_compiledir={work}/") for line in flags)
    assert not list(work.iterdir())


def test_a_failure_is_told(python):
    (python / "python").write_text("#!/bin/bash\necho no compiler >&2; exit 1\n")
    with pytest.raises(RuntimeError, match="first call of ssvm failed: no compiler"):
        first_result_seconds("ssvm", python)


def test_the_calls_are_the_librarys():
    import numpy

    import theano_crf
    names = {"numpy": numpy, "theano_crf": theano_crf, "unary": numpy.zeros((1, 2, 3, 3)),
             "weights": numpy.zeros((1, 2, 3, 3))}
    for call in CALLS.values():
        assert eval(f"theano_crf.{call}", names).labels.shape == (1, 3, 3)
