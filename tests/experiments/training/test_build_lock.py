"""The locks of a build folder, one a stage."""

import os
import subprocess
import sys

import pytest

from experiments.training.build_lock import build_lock

HOLD = """
import sys
from pathlib import Path
from experiments.training.build_lock import build_lock
with build_lock(Path(sys.argv[1]), "stage2"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "build")], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_run_is_refused_with_the_first_ones_name(tmp_path, holder):
    with pytest.raises(RuntimeError, match=f"is in use: stage2 is trained there by process {holder.pid} on "):
        with build_lock(tmp_path / "build", "stage2"):
            pass


def test_another_stage_is_free(tmp_path, holder):
    with build_lock(tmp_path / "build", "control"):
        pass


def test_the_lock_of_a_killed_run_holds_nobody_back(tmp_path, holder):
    holder.kill()
    holder.wait()
    with build_lock(tmp_path / "build", "stage2"):
        assert f'"pid": {os.getpid()}' in (tmp_path / "build" / "stage2.lock").read_text()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "build").write_text("a file")
    with pytest.raises(OSError, match="build cannot be written .*; make it writable, or name another folder"):
        with build_lock(tmp_path / "build", "stage1"):
            pass
