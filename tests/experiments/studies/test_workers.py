"""Processes of a study: one thread each, failures with a name, signals, and an end with the study's own."""

import os
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest

from experiments.studies.workers import Unreachable, Workers, python_module
from tests.experiments.studies.tiny_study import make_remote_shell


class Made(NamedTuple):
    title: str


def python(code):
    return lambda place: [sys.executable, "-c", code]


@pytest.fixture
def remote_shell(tmp_path):
    """Stands in for ssh: every machine is this one, but for one that is gone."""
    return make_remote_shell(tmp_path / "shell")


def all_ended(workers):
    ended = []
    while workers.running:
        workers.wait()
        ended += workers.ended()
    return dict(ended)


def test_no_more_runs_at_once_than_asked_for(tmp_path):
    workers = Workers([None] * 2)
    for number in range(2):
        assert workers.free
        workers.start(Made(f"run {number}"), python("import time; time.sleep(0.3)"), tmp_path / f"{number}.txt")
    assert not workers.free
    assert set(all_ended(workers).values()) == {None} and workers.free


def test_a_run_has_one_thread_and_its_messages_are_kept(tmp_path):
    workers, log = Workers([None]), tmp_path / "logs" / "run.txt"
    for _ in range(2):
        workers.start(Made("run"), python("import os; print(os.environ['OMP_NUM_THREADS'])"), log)
        all_ended(workers)
    assert log.read_text() == "1\n1\n"


@pytest.mark.parametrize("code, reason", [
    ("import sys; print('error: no room.', file=sys.stderr); print('mpi says more'); sys.exit(1)", "no room"),
    ("import sys; sys.exit(3)", "exit status 3"), ("print('odd'); import sys; sys.exit(2)", "odd"),
    ("import os; os.kill(os.getpid(), 9)", "killed by signal 9 (Killed)")])
def test_a_failure_names_the_run_and_the_reason(tmp_path, code, reason):
    workers, log = Workers([None]), tmp_path / "run.txt"
    log.write_text("error: of an earlier try.\n")
    workers.start(Made("seed 1, train stage4"), python(code), log)
    failure, = all_ended(workers).values()
    assert str(failure) == f"seed 1, train stage4: {reason} (messages: {log})"


def test_a_signal_reaches_all_runs_and_is_waited_for(tmp_path):
    workers = Workers([None] * 2)
    code = ("import signal, time\nsignal.signal(signal.SIGINT, lambda *_: exit(0))\n"
            "print('up', flush=True)\ntime.sleep(99)")
    for number in range(2):
        workers.start(Made(str(number)), python(code), tmp_path / str(number))
    while not all((tmp_path / str(number)).read_text() for number in range(2)):
        workers.wait()
    workers.end(signal.SIGINT)
    assert set(all_ended(workers).values()) == {None}


def test_a_run_on_another_machine_has_one_thread_and_gets_the_signal(tmp_path, remote_shell):
    workers, log = Workers(["there"]), tmp_path / "run.txt"
    options = f"--mca plm_rsh_agent {remote_shell}"
    workers.start(Made("run"), lambda place: python_module(place, options, "tests.experiments.studies.waiting"), log)
    while "waits" not in log.read_text():
        assert workers.running == [Made("run")] and workers.ended() == []
        workers.wait()
    workers.end(signal.SIGTERM)
    assert log.read_text().splitlines()[:2] == ["waits with 1 thread", "got SIGTERM"]


def test_a_machine_that_cannot_be_reached_gets_no_more_runs(tmp_path, remote_shell):
    workers, log = Workers(["gone", "there", "gone"]), tmp_path / "run.txt"
    words = {"gone": "tests.experiments.studies.waiting", "there": "nothing.there"}
    for number in range(3):
        workers.start(Made(f"run {number}"), lambda place: python_module(
            place, f"--mca plm_rsh_agent {remote_shell}", words[place]), tmp_path / f"{number}.txt")
    ended = all_ended(workers)
    lost = [ended[Made(f"run {number}")] for number in (0, 2)]
    assert all(isinstance(failure, Unreachable) and failure.machine == "gone" for failure in lost)
    assert str(lost[0]) == ("gone is left out and its runs go to other machines, since it cannot be used: ssh: connect "
                            f"to host gone port 22: No route to host (messages: {tmp_path / '0.txt'})")
    failure = ended[Made("run 1")]  # fails on a machine that can be used
    assert failure is not None and not isinstance(failure, Unreachable)
    assert workers.free
    workers.start(Made("again"), python("pass"), log)
    assert not workers.free and all_ended(workers) == {Made("again"): None}


PARENT = """
import sys, time
from pathlib import Path
from typing import NamedTuple
from experiments.studies.workers import Workers
Made = NamedTuple("Made", [("title", str)])
CODE = "import os, time; print(os.getpid(), flush=True); time.sleep(99)"
Workers([None]).start(Made("run"), lambda place: [sys.executable, "-c", CODE], Path(sys.argv[1]))
time.sleep(99)
"""


def test_runs_end_with_a_killed_study(tmp_path):
    log = tmp_path / "run.txt"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(log)])
    while not (log.exists() and log.read_text()):
        time.sleep(0.05)
    child = int(log.read_text())
    parent.kill()
    parent.wait()
    for _ in range(100):
        try:
            os.kill(child, 0)
            with open(f"/proc/{child}/stat") as status:
                if status.read().rpartition(")")[2].split()[0] == "Z":
                    return
        except (ProcessLookupError, FileNotFoundError):
            return
        time.sleep(0.05)
    pytest.fail("the run goes on without its study")
