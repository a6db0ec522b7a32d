"""A user's work with each engine: build, run, interrupt, look at progress, take a second checkout."""

import os
import re
import signal
import subprocess
import time

import pytest

from tests.engines.experiments import FEW_SCENES, SMOKE, await_snapshot, snapshots, write_config
from tests.engines.probe import PROBE, probe

FEW_TESTS = "tests/theano_crf/test_bad_input.py tests/experiments/test_parallel.py tests/data_prep/test_main.py"


@pytest.fixture(scope="module", params=[pytest.param("built", id="docker"),
                                        pytest.param("built_by_podman", id="podman"),
                                        pytest.param("built_for_root", id="podman-root")])
def caller(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def long_build(caller):
    """Words for make that train a long stage in a build folder of its own, whose nets are made."""
    path = caller.folder / "build" / "long.yaml"
    write_config(path, iterations=4000, validate_every=20)
    path.chmod(0o644)
    words = [f"CONFIG={path}", "BUILD=build/long", FEW_SCENES]
    made = caller.run("make", "nets", *words)
    assert made.returncode == 0, made.stderr
    return words


@pytest.fixture(scope="module")
def camvid(work):
    """A dataset on a disk of its own, with a part on another one."""
    (work / "other-disk" / "train").mkdir()
    (work / "other-disk" / "train" / "image").write_text("an image")
    (work / "disk" / "camvid").mkdir()
    (work / "disk" / "camvid" / "train").symlink_to(work / "other-disk" / "train")
    return work / "disk" / "camvid"


def test_the_image(caller, note):
    ways = rf"with {caller.engine}|is up to date \({caller.engine}\)"
    assert re.search(rf"image hybrid-cnn-crf:cpu-[0-9a-f]{{12}} ({ways})", caller.output), caller.output
    assert caller.run(caller.engine, "image", "inspect", caller.image).returncode == 0
    version = caller.run(caller.engine, "--version").stdout.strip()
    note(f"{caller}: make docker, by {version}: {caller.seconds:.0f} s")


def test_a_second_checkout(caller, note):
    second = caller.account.checkout(f"second-{caller.engine}")
    ran = caller.run("docker/run", "python3", "-c", "import caffe, theano", folder=second, ENGINE="")
    assert ran.returncode == 0, ran.stderr
    made = caller.run("make", "docker", folder=second, ENGINE="")
    assert made.returncode == 0, made.stdout + made.stderr
    assert f"{caller.image} is up to date ({caller.engine})" in made.stdout
    note(f"{caller}: a second checkout: docker/run finds the image without a note of it, make docker without "
         "building it")


def test_demo(caller, note):
    began = time.monotonic()
    done = caller.run("make", "demo", *SMOKE, FEW_SCENES, seconds=900)
    assert done.returncode == 0, done.stderr
    build = caller.folder / "build"
    assert (build / "scenes-smoke" / "report" / "index.html").is_file()
    foreign = subprocess.run(["find", str(build), "!", "-user", caller.account.name], stdout=subprocess.PIPE, text=True)
    assert foreign.stdout == ""
    note(f"{caller}: make demo of a few iterations: {time.monotonic() - began:.0f} s; every file is the caller's")


def test_make_test(caller, note):
    done = caller.run("make", "test", f"PYTEST_ARGS=-q {FEW_TESTS}", seconds=900)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"\d+ passed", done.stdout).group()
    note(f"{caller}: make test of a few files, those with mpirun among them: {passed}")


def test_relative_paths_from_another_folder(caller, note):
    elsewhere = caller.account.home / f"elsewhere-{caller.engine}"
    elsewhere.mkdir()
    (elsewhere / "a note.txt").write_text("read")
    done = caller.docker_run("python3", "-c", "import os, sys\nprint(os.getcwd(), open(sys.argv[1]).read(), "
                             "open(sys.argv[2].split('=')[1]).read())", "a note.txt",
                             f"--file=../{elsewhere.name}/a note.txt", folder=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(caller.folder), "read", "read"]
    note(f"{caller}: docker/run from another folder, with relative paths that have blanks")


def test_datasets_on_other_mounts(caller, camvid, note):
    done = caller.docker_run("sh", "-c", 'cat "$CAMVID/train/image"; touch "$CAMVID/train/new" "$CAMVID/new"',
                             CAMVID="../disk/camvid", folder=caller.account.home)
    assert done.stdout == "an image" and done.stderr.count("Read-only file system") == 2, done.stderr
    note(f"{caller}: a dataset on another mount, a part of it linked from a third: read, and not writable")


def test_what_a_command_may_not_do(caller, note):
    places = {path: "EROFS" for path in ("/usr/lib", "/etc", "/run", "/var/tmp", str(caller.folder),
                                         f"{caller.folder}/data_prep")}
    places.update({f"{caller.folder}/build": None, "/tmp": None, "/dev/shm": None})
    found = probe(caller.docker_run("python3", "-c", PROBE, *places))
    assert found["capabilities"] == [0] * 5 and found["no new privileges"] == 1
    assert found["networks"] == ["lo"] and found["connects"] == "ENETUNREACH"
    assert found["writes"] == places
    assert (caller.folder / "build" / "probe").owner() == caller.account.name
    note(f"{caller}: docker/run: no capabilities, no network, the image and the code read-only, build/ and /tmp "
         "writable")


@pytest.mark.parametrize("number, status, way", [
    (signal.SIGINT, 130, "docker/run"), (signal.SIGTERM, 143, "docker/run"), (signal.SIGINT, 130, "make"),
    (signal.SIGTERM, 143, "make")])
def test_a_signal(caller, number, status, way, long_build, note):
    words = ["make", "train-stage1", *long_build] if way == "make" else [
        "docker/run", "python3", "-m", "experiments.train", "--config", long_build[0].partition("=")[2], "--build",
        "build/long", "--stage", "1"]
    stage = caller.folder / "build" / "long" / "stage1"
    before = snapshots(stage)
    job = caller.start(*words)
    try:
        await_snapshot(job, stage, before)
        os.killpg(job.pid, number)
        output, errors = job.communicate(timeout=60)
    finally:
        job.kill()
    assert "interrupted; the same command goes on from the last snapshot" in output, output + errors
    assert job.returncode in ((2, -number) if way == "make" else (status,))  # make ends itself by the signal
    assert caller.containers() == []
    note(f"{caller}: {signal.Signals(number).name} to {way}: snapshot of iteration {max(snapshots(stage))}, "
         "container gone")


def read_until(terminal, pattern=None):
    """Read what a terminal shows until it shows a pattern, or its other side is closed."""
    seen = b""
    while not (pattern and re.search(pattern, seen)):
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # closed
            break
        assert len(seen) < 1 << 20
    return seen


def test_a_terminal(caller, long_build, note):
    before = snapshots(caller.folder / "build" / "long" / "stage1")
    job, terminal = caller.start_in_terminal("make", "train-stage1", *long_build)
    seen = read_until(terminal, rb"\r[^\r\n]*stage1[^\r\n]*loss")
    assert job.poll() is None, seen
    os.write(terminal, b"\x03")  # Ctrl-C
    text = (seen + read_until(terminal)).decode()
    assert job.wait(60) != 0
    assert ("goes on from iteration" in text) == bool(before), text
    assert "interrupted; the same command goes on" in text, text
    assert caller.containers() == []
    note(f"{caller}: a terminal: the progress bar moves, Ctrl-C leaves a snapshot")


def test_two_processes(caller, note):
    config = caller.folder / "build" / "two.yaml"
    write_config(config, iterations=20, validate_every=10)
    config.chmod(0o644)
    done = caller.run("make", "train-stage1", f"CONFIG={config}", "BUILD=build/two", FEW_SCENES, "NP=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (caller.folder / "build" / "two" / "stage1" / "final.caffemodel").is_file()
    note(f"{caller}: two processes over MPI in a container without network or capabilities")
