"""Several processes under the real mpirun: what they tell each other, and how they end."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from experiments import parallel

CAP_SETPCAP = 8  # its bit, in linux/capability.h
DAEMON = f"{parallel.REPOSITORY}/docker/run python3 -m experiments.mpi.daemon"


def start(processes, name, *arguments, **environment):
    """Start a function of `tests.experiments.ranks` on several processes."""
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.parallel", "--processes", str(processes), "tests.experiments.ranks", name,
         *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True,
        env={**os.environ, **environment})


def finish(job, seconds=120):
    """Return (status, stdout, stderr) of a job; that it ends in time is part of each test."""
    try:
        output, errors = job.communicate(timeout=seconds)
        return job.returncode, output, errors
    finally:
        job.kill()


@pytest.mark.parametrize("size", [1, 2, 3])
def test_processes_talk_to_each_other(size):
    status, output, errors = finish(start(size, "talk", OMP_NUM_THREADS="5"))
    assert (status, errors) == (0, "")
    everyone = json.loads(output)  # one line: the other ranks print nothing
    assert len(everyone) == size
    for rank, heard in enumerate(everyone):
        assert heard == {
            "rank": rank, "size": size, "threads": str(5 // size), "places": [rank, size],
            "sum": [size * (size - 1) / 2, 10.5 * size], "first": "from 0", "copied": [0, 0, 0],
            "gathered": ["x" * other for other in range(size)],
            "shared": [[item, item % size] for item in range(7)], "vectors": [[size > 1, True], [False, True]]}


@pytest.mark.parametrize("flags, wanted", [
    ("device=cuda2,dnn.enabled=False", [[2, "cuda2"], [3, "cuda3"]]), ("device=cpu", [[2, "cpu"], [3, "cpu"]])])
def test_each_rank_has_a_gpu_for_caffe_and_theano_alike(flags, wanted):
    flags = ",".join(filter(None, [os.environ.get("THEANO_FLAGS"), flags]))
    # without a GPU Theano complains, but of the one that it was told to take
    status, output, errors = finish(start(2, "devices", DEVICE="cuda", GPU="2", THEANO_FLAGS=flags))
    assert status == 0, errors
    assert json.loads(output.splitlines()[-1]) == wanted


def test_a_terminal_has_a_progress_bar():
    parent, child = pty.openpty()
    job = subprocess.Popen([sys.executable, "-m", "experiments.parallel", "--processes", "2", "tests.experiments.ranks",
                            "advance"], stdin=child, stdout=child, stderr=child)
    os.close(child)
    seen = b""
    with suppress(OSError):  # the terminal's other side is closed
        while True:
            seen += os.read(parent, 4096)
    assert job.wait() == 0, seen
    bars = [part for part in seen.decode().split("\r") if "cables" in part]
    assert len(bars) >= 3 and "3/3" in bars[-1] and "rank 1" not in seen.decode(), seen


def test_an_error_of_one_rank_ends_all_with_its_message():
    assert finish(start(3, "fail"))[::2] == (
        1, f"rank 1 of 3 on {os.uname().nodename}: error: The cat sat on the cable.\n")


def test_an_error_of_all_ranks_is_said_once():
    assert finish(start(3, "fail_everywhere")) == (1, "", "error: There is no such thing.\n")


def test_a_crash_of_one_rank_ends_all_with_its_traceback():
    status, _, errors = finish(start(2, "crash"))
    assert status == 1
    assert errors.startswith("rank 1 of 2") and "KeyError: 'missing'" in errors and "MPI_ABORT" not in errors


def rank_1_of(job, path):
    while not path.exists() or not path.read_text():
        assert job.poll() is None
        time.sleep(0.05)
    return int(path.read_text())


def notes():
    return sorted((parallel.REPOSITORY / "build").glob("notes-*"))


def test_a_rank_that_is_killed_ends_all_and_is_named(tmp_path):
    before = notes()
    job = start(2, "wait", tmp_path / "pid")
    os.kill(rank_1_of(job, tmp_path / "pid"), signal.SIGKILL)
    status, _, errors = finish(job, seconds=30)
    assert status == 128 + signal.SIGKILL
    assert errors == (f"error: rank 1 on {os.uname().nodename} was killed by signal 9 (Killed) while it was at the "
                      "cables, and so all were ended; the same command goes on from what is saved.\n")
    assert notes() == before


def await_end(pid):
    for _ in range(200):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":  # its end waits to be noticed by what has adopted it
            return
        time.sleep(0.1)
    pytest.fail(f"the process {pid} still runs after 20 s")


@pytest.mark.parametrize("number, said", [(signal.SIGINT, "interrupted\n"), (signal.SIGTERM, "")])
def test_a_signal_ends_all_as_it_ends_one(tmp_path, number, said):
    job = start(2, "wait", tmp_path / "pid")
    pid = rank_1_of(job, tmp_path / "pid")
    job.send_signal(number)
    assert finish(job, seconds=30) == (128 + number, "", said)
    await_end(pid)


def test_where_the_launcher_is_killed_all_end_and_the_next_removes_its_notes(tmp_path):
    before = notes()
    job = start(2, "wait", tmp_path / "pid")
    pid = rank_1_of(job, tmp_path / "pid")
    job.kill()
    await_end(pid)
    left = set(notes()) - set(before)
    assert len(left) == 1
    assert finish(start(2, "talk"))[0] == 0
    assert not left & set(notes())


@pytest.mark.parametrize("arguments, words", [
    (("--processes", "none"), "NP is 'none'"), (("--processes", "0"), "NP is '0'"),
    (("--hosts", "a:2,,b"), "HOSTS is 'a:2,,b'"), (("--hosts", "a,a"), "each machine once"),
    (("--hosts", "a:2,b", "--processes", "4"), "places for 3")])
def test_wrong_numbers_and_machines_are_one_sentence(command, arguments, words):
    status, output, errors = command(parallel.main, *arguments, "experiments.train")
    assert (status, output) == (1, "") and errors.startswith("error: ") and errors.count("\n") == 1
    assert words in errors


def test_two_machines_start_their_processes_by_a_remote_shell(tmp_path):
    shell = tmp_path / "shell"  # in place of ssh: both machines are this one, each with folders of its own as real ones
    shell.write_text(f"""#!/bin/sh
echo "$1" >> {tmp_path}/machines
mkdir {tmp_path}/$1
export TMPDIR={tmp_path}/$1 OMPI_MCA_btl_vader_backing_directory={tmp_path}/$1
shift
exec sh -c "$*"
""")
    shell.chmod(0o755)
    job = subprocess.run(
        [sys.executable, "-m", "experiments.parallel", "--hosts", "here:1,there:2", "--mpirun",
         f"--mca plm_rsh_agent {shell} --mca btl_tcp_if_include lo", "tests.experiments.ranks", "talk"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
    assert (job.returncode, job.stderr) == (0, "")
    assert [heard["places"] for heard in json.loads(job.stdout)] == [[0, 1], [0, 2], [1, 2]]
    assert sorted((tmp_path / "machines").read_text().split()) == ["here", "there"]


def agent(hosts):
    words = parallel.mpirun_command(3, hosts, [], ["python3"])
    return words[words.index("orte_launch_agent") + 1]


def test_machines_get_their_processes_from_this_repository_on_the_same_device(monkeypatch):
    for name in ("DEVICE", "GPU", "BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", str(os.cpu_count()))
    words = parallel.mpirun_command(3, {"a": 2, "b": 1}, ["-v"], ["python3", "-m", "x"])
    assert words[-4:] == ["-v", "python3", "-m", "x"]
    assert words[words.index("--host") + 1] == "a:2,b:1" and words[words.index("-np") + 1] == "3"
    assert words[words.index("orte_launch_agent") + 1] == DAEMON
    assert words[words.index("rtc_hwloc_vmhole") + 1] == "none"
    monkeypatch.setenv("DEVICE", "cuda")
    monkeypatch.setenv("GPU", "1")
    assert agent({"a": 1}) == f"env DEVICE=cuda GPU=1 {DAEMON}"
    monkeypatch.setenv("OMP_NUM_THREADS", str(os.cpu_count() + 1))
    assert agent({"a": 1}).startswith(f"env DEVICE=cuda GPU=1 OMP_NUM_THREADS={os.cpu_count() + 1} ")
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setenv("BUNDLE", "/opt/bundle")
    assert agent({"a": 1}) == f"env DEVICE=cuda GPU=1 /opt/bundle/run {DAEMON}"


@pytest.mark.parametrize("allowed", [True, False])
def test_processes_that_may_not_read_each_other_copy(monkeypatch, allowed):
    monkeypatch.setattr(parallel, "reads_other_processes", lambda: allowed)
    words = parallel.mpirun_command(2, {}, [], ["python3"])
    assert ("btl_vader_single_copy_mechanism" in words) != allowed


@pytest.mark.parametrize("forbidden", [False, True])
def test_whether_processes_may_read_each_other(forbidden):
    """PR_SET_DUMPABLE of 0 forbids it to all but root; a bounding set without CAP_SYS_PTRACE to root, too."""
    program = ("import ctypes, os\nfrom experiments.parallel import reads_other_processes\n"
               f"ctypes.CDLL(None).prctl(4, {int(not forbidden)})\nprint(reads_other_processes())")
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    may_drop = int(status["CapEff"], 16) >> CAP_SETPCAP & 1  # root in docker/run's container has nothing to drop
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if may_drop else []
    done = subprocess.run([*words, sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          universal_newlines=True)
    if forbidden:
        assert done.stdout == "False\n", done.stderr
    else:
        assert done.stdout in ("True\n", "False\n"), done.stderr  # a container may forbid it
