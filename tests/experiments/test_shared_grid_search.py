"""The grid search on several processes: its table is that of one, and where one is ended all end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from experiments import grid_search
from tests.experiments.searches import GRID, read, search, set_grid, words


@pytest.fixture
def build(tiny_build):
    set_grid(tiny_build, **GRID)
    return tiny_build


def environment(**more):
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


def on_two(build, *options):
    """Return the words of the command that searches on two processes."""
    return [sys.executable, "-m", "experiments.parallel", *(options or ("--processes", "2")), "experiments.grid_search",
            *words(build)]


@pytest.fixture
def remote_shell(tmp_path):
    """Stands in for ssh: every machine is this one."""
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    return shell


@pytest.mark.parametrize("machines", [1, 2])
def test_two_processes_give_the_same_table(build, command, remote_shell, machines):
    status, alone, error = command(grid_search.main, *words(build))
    assert status == 0, error
    result = read(build)
    for path in build.folder.glob("grid-search-val.*"):
        path.unlink()
    options = ("--hosts", "here:1,there:1", "--mpirun", f"--mca plm_rsh_agent {remote_shell}") if machines == 2 else ()
    shared = subprocess.run(on_two(build, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment())
    assert (shared.returncode, shared.stderr) == (0, "")
    assert "2 processes" in shared.stdout
    assert read(build) == result
    assert table(shared.stdout) == table(alone)


def table(output):
    return output[output.index("tiny, val"):]


def alive(group):
    """Return the command lines of a group's processes, without those that have ended and wait for their parent."""
    commands = []
    for process in psutil.process_iter(["cmdline", "status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                commands.append(process.info["cmdline"])
    return commands


@pytest.fixture
def long_search(build):
    """Start a search on two processes that takes a minute, and give it once both are at work."""
    set_grid(build, alpha=[5, 10, 20, 35], lam=[0.4], iterations=[300000])
    process = subprocess.Popen(on_two(build), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, env=environment(PYTHONUNBUFFERED="1"))
    for line in process.stdout:
        if "5 sets" in line:
            break
    time.sleep(1)
    yield process
    process.kill()
    process.communicate()


def await_end_of(process):
    deadline = time.monotonic() + 60
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not alive(process.pid)


def test_sigint_ends_all_in_one_line_and_the_rest_is_done_later(build, command, long_search):
    long_search.send_signal(signal.SIGINT)
    _, error = long_search.communicate(timeout=60)
    assert (long_search.returncode, error) == (130, "interrupted\n")
    await_end_of(long_search)
    set_grid(build, alpha=[5, 10, 20, 35], lam=[0.4], iterations=[3])
    assert len(search(build, command)["sets"]) == 5


def test_a_process_that_is_killed_ends_the_search_with_the_set_it_was_at(build, command, long_search):
    ranks = {}
    for process in psutil.Process(long_search.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.parent().name() == "mpirun":
                ranks[process.environ()["OMPI_COMM_WORLD_RANK"]] = process
    ranks["1"].kill()
    _, error = long_search.communicate(timeout=60)
    assert long_search.returncode == 128 + signal.SIGKILL
    assert re.fullmatch(rf"error: rank 1 on {os.uname().nodename} was killed by signal 9 \(Killed\) while it was at "
                        r"val\d, alpha \d+, beta 0\.9, lam 0\.4, iterations 300000, temperature 1, and so all were "
                        r"ended; the same command goes on from what is saved\.\n", error)
    await_end_of(long_search)
