"""A user's work with Docker: build, run, interrupt, look at progress, take a second checkout."""

import fcntl
import os
import pty
import re
import shutil
import signal
import subprocess
import termios
import time
from types import SimpleNamespace

import pytest

from tests.engines.experiments import FEW_SCENES, SMOKE, await_snapshot, snapshots, write_config
from tests.engines.probe import PROBE, probe
from tests.engines.user import NAME

FEW_TESTS = "tests/theano_crf/test_bad_input.py tests/experiments/test_parallel.py tests/data_prep/test_main.py"


@pytest.fixture(scope="module")
def demo(user, docker, built):
    began = time.monotonic()
    done = user.run("make", "demo", *SMOKE, FEW_SCENES, folder=built.folder, seconds=900, **docker)
    return SimpleNamespace(done=done, seconds=time.monotonic() - began)


@pytest.fixture(scope="module")
def long_build(user, docker, built):
    """Words for make that train a long stage in a build folder of its own."""
    path = built.folder / "build" / "long.yaml"
    write_config(path, iterations=4000, validate_every=20)
    path.chmod(0o644)
    return [f"CONFIG={path}", "BUILD=build/long", FEW_SCENES]


def containers(daemon):
    return daemon.docker("ps", "--all", "--quiet").stdout.split()


def test_make_docker(daemon, built, note):
    assert re.search(r"image hybrid-cnn-crf:cpu-[0-9a-f]{12} (with docker|is up to date \(docker\))", built.output)
    assert daemon.docker("image", "inspect", built.image)
    version = daemon.docker("version", "--format", "{{.Server.Version}}").stdout.strip()
    note(f"make docker, as an ordinary user, by Docker {version}: {built.seconds:.0f} s")


def test_a_second_checkout(user, docker, built, note):
    second = user.checkout("second")
    ran = user.run("docker/run", "python3", "-c", "import caffe, theano", folder=second, **docker)
    assert ran.returncode == 0, ran.stderr
    made = user.run("make", "docker", folder=second, **docker)
    assert made.returncode == 0 and f"{built.image} is up to date (docker)" in made.stdout, made.stdout + made.stderr
    note("a second checkout: docker/run finds the image without a note of it, make docker without building it")


def test_demo(built, demo, note):
    assert demo.done.returncode == 0, demo.done.stderr
    build = built.folder / "build"
    assert (build / "scenes-smoke" / "report" / "index.html").is_file()
    foreign = subprocess.run(["find", str(build), "!", "-user", NAME], stdout=subprocess.PIPE, text=True)
    assert foreign.stdout == ""
    note(f"make demo of a few iterations: {demo.seconds:.0f} s; every file is the user's")


def test_make_test(user, docker, built, note):
    done = user.run("make", "test", f"PYTEST_ARGS=-q {FEW_TESTS}", folder=built.folder, seconds=900, **docker)
    assert done.returncode == 0, done.stdout
    passed = re.search(r"\d+ passed", done.stdout).group()
    note(f"make test of a few files, those with mpirun among them: {passed}")


def test_relative_paths_from_another_folder(user, docker_run, work, note):
    elsewhere = user.home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a note.txt").write_text("read")
    done = docker_run("python3", "-c", "import os, sys\nprint(os.getcwd(), open(sys.argv[1]).read(), "
                      "open(sys.argv[2].split('=')[1]).read())", "a note.txt", "--file=../elsewhere/a note.txt",
                      folder=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == [str(user.home / "checkout"), "read", "read"]
    note("docker/run from another folder, with relative paths that have blanks")


def test_datasets_on_other_mounts(docker_run, work, note):
    (work / "other-disk" / "train").mkdir()
    (work / "other-disk" / "train" / "image").write_text("an image")
    (work / "disk" / "camvid").mkdir()
    (work / "disk" / "camvid" / "train").symlink_to(work / "other-disk" / "train")
    done = docker_run("sh", "-c", 'cat "$CAMVID/train/image"; touch "$CAMVID/train/new" "$CAMVID/new"',
                      CAMVID="../disk/camvid", folder=work / "home")
    assert done.stdout == "an image" and done.stderr.count("Read-only file system") == 2, done.stderr
    note("a dataset on another mount, a part of it linked from a third: read, and not writable")


def test_what_a_command_may_not_do(docker_run, built, note):
    places = {path: "EROFS" for path in ("/usr/lib", "/etc", "/var/tmp", str(built.folder),
                                         f"{built.folder}/data_prep")}
    places.update({f"{built.folder}/build": None, "/tmp": None})
    found = probe(docker_run("python3", "-c", PROBE, *places))
    assert found["capabilities"] == [0] * 5 and found["no new privileges"] == 1
    assert found["networks"] == ["lo"] and found["connects"] == "ENETUNREACH"
    assert {path: failure if path != "/etc" else "EROFS" for path, failure in found["writes"].items()} == places
    note("docker/run: no capabilities, no network, the image and the code read-only, build/ and /tmp writable")


def test_a_network_where_one_is_asked_for(docker_run, note):
    found = probe(docker_run("python3", "-c", PROBE, NETWORK="default"))
    assert found["networks"] == ["eth0", "lo"] and found["capabilities"] == [0] * 5
    refused = docker_run("true", NETWORK="some")
    assert refused.returncode == 1 and refused.stderr.startswith("error: NETWORK is 'some'")
    note("NETWORK=default gives the engine's network, and nothing else more")


def test_as_root(built, docker, work, note):
    def run(folder):
        return subprocess.run([f"{folder}/docker/run", "python3", "-c", PROBE, f"{folder}/build", f"{folder}/docker"],
                              env={**os.environ, **docker, "ENGINE": "docker"}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    found = probe(run(built.folder))
    assert found["capabilities"] == [0, 2, 2, 2, 0]  # CAP_DAC_OVERRIDE alone
    assert list(found["writes"].values()) == [None, "EROFS"]
    (built.folder / "build" / "probe").unlink()
    own = work / "checkout-of-root"
    shutil.copytree(built.folder / "docker", own / "docker")  # root's, as all that root makes
    found = probe(run(own))
    assert found["capabilities"] == [0] * 5 and list(found["writes"].values()) == [None, "EROFS"]
    note("root: no capabilities in a checkout of root's, in another's the right to its files alone")


@pytest.mark.parametrize("number, status, way", [
    (signal.SIGINT, 130, "docker/run"), (signal.SIGTERM, 143, "docker/run"), (signal.SIGINT, 130, "make"),
    (signal.SIGTERM, 143, "make")])
def test_a_signal(number, status, way, user, docker, daemon, built, long_build, note):
    made = user.run("make", "nets", *long_build, folder=built.folder, **docker)
    assert made.returncode == 0, made.stderr
    words = ["make", "train-stage1", *long_build] if way == "make" else [
        "docker/run", "python3", "-m", "experiments.train", "--config", long_build[0].partition("=")[2], "--build",
        "build/long", "--stage", "1"]
    stage = built.folder / "build" / "long" / "stage1"
    before = snapshots(stage)
    job = user.start(*words, folder=built.folder, **docker)
    try:
        await_snapshot(job, stage, before)
        os.killpg(job.pid, number)
        output, errors = job.communicate(timeout=60)
    finally:
        job.kill()
    assert "interrupted; the same command goes on from the last snapshot" in output, output + errors
    assert job.returncode in ((2, -number) if way == "make" else (status,))  # make ends itself by the signal
    assert containers(daemon) == []
    note(f"{signal.Signals(number).name} to {way}: snapshot of iteration {max(snapshots(stage))}, container gone")


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


def test_a_terminal(user, docker, daemon, built, long_build, note):
    before = snapshots(built.folder / "build" / "long" / "stage1")
    parent, child = pty.openpty()
    job = subprocess.Popen(user.words("make", "train-stage1", *long_build, TERM="xterm", **docker), cwd=built.folder,
                           stdin=child, stdout=child, stderr=child, start_new_session=True,
                           preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(child)
    seen = read_until(parent, rb"\r[^\r\n]*stage1[^\r\n]*loss")
    assert job.poll() is None, seen
    os.write(parent, b"\x03")  # Ctrl-C
    text = (seen + read_until(parent)).decode()
    assert job.wait(60) != 0
    assert ("goes on from iteration" in text) == bool(before), text
    assert "interrupted; the same command goes on" in text, text
    assert containers(daemon) == []
    note("a terminal: the progress bar moves, Ctrl-C leaves a snapshot")


def test_two_processes(user, docker, built, long_build, note):
    config = built.folder / "build" / "two.yaml"
    write_config(config, iterations=20, validate_every=10)
    done = user.run("make", "train-stage1", f"CONFIG={config}", "BUILD=build/two", FEW_SCENES, "NP=2",
                    folder=built.folder, **docker)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (built.folder / "build" / "two" / "stage1" / "final.caffemodel").is_file()
    note("two processes over MPI in a container without network or capabilities")


def test_a_gpu_is_asked_for(user, daemon, docker, built, note):
    name = user.run("bash", "-c", ". docker/engine.sh; image_name cuda", folder=built.folder).stdout.strip()
    there = daemon.docker("image", "inspect", name, check=False).returncode == 0
    if not there:
        daemon.docker("tag", built.image, name)
    done = user.run("docker/run", "true", folder=built.folder, DEVICE="cuda", **docker)
    if not there:
        daemon.docker("rmi", name)
    # the daemon's answer where it has no driver
    assert done.returncode == 125 and "could not select device driver" in done.stderr and "gpu" in done.stderr
    note("DEVICE=cuda: Docker is asked for the GPUs, and says that no driver is here")
