"""Podman, without root and with: the image, what a command may do, and how it ends."""

import os
import re
import shutil
import signal
import subprocess

import pytest

from tests.engines.daemon import ROOT
from tests.engines.experiments import FEW_SCENES, await_snapshot, snapshots, write_config
from tests.engines.probe import PROBE, probe
from tests.engines.user import copy_repository

LONG = ["CONFIG=build/long.yaml", "BUILD=build/long", FEW_SCENES]


class Caller:
    """Somebody who calls Podman, in a checkout of theirs.

    Parameters
    ----------
    folder : pathlib.Path
        The checkout.
    run, start : callable
        Run or start a command there.
    """

    def __init__(self, folder, run, start):
        self.folder, self.run, self.start = folder, run, start


def settings(folder, storage):
    """Write Podman's settings: a storage of its own, and the runtime that needs no library of those unpacked."""
    folder.mkdir(exist_ok=True)
    (folder / "containers.conf").write_text('[engine]\nruntime = "runc"\n')
    (folder / "storage.conf").write_text('[storage]\ndriver = "overlay"\n' + storage)
    return {"ENGINE": "podman", "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf")}


@pytest.fixture(scope="module")
def ordinary(user, work):
    """The ordinary user, and the image as Podman has built it."""
    storage = f'rootless_storage_path = "{user.home}/storage"\nrunroot = "{user.home}/run"\n'
    variables, folder = settings(work / "podman", storage), user.checkout("with-podman")
    return Caller(folder, lambda *words, **options: user.run(*words, folder=folder, **variables, **options),
                  lambda *words: user.start(*words, folder=folder, **variables))


@pytest.fixture(scope="module")
def root(daemon, built, work):
    """Root, with the image that Docker has built."""
    place = f'graphroot = "{ROOT}/podman"\nrunroot = "{work}/podman-run"\n'
    environment = {**os.environ, **settings(work / "podman-of-root", place), "TMPDIR": str(work)}
    folder = work / "with-podman-of-root"
    copy_repository(folder)
    options = dict(cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        with subprocess.Popen(["docker", "--host", daemon.address, "save", built.image],
                              stdout=subprocess.PIPE) as saved:
            subprocess.run(["podman", "load"], stdin=saved.stdout, env=environment, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield Caller(folder, lambda *words, seconds=600: subprocess.run(words, env=environment, timeout=seconds,
                                                                        **options),
                     lambda *words: subprocess.Popen(words, env=environment, start_new_session=True, **options))
    finally:
        subprocess.run(["podman", "rm", "--all", "--force"], env=environment, stdout=subprocess.DEVNULL)
        subprocess.run(["umount", str(ROOT / "podman" / "overlay")], stderr=subprocess.DEVNULL)
        shutil.rmtree(ROOT / "podman", ignore_errors=True)


@pytest.fixture(params=["ordinary", "root"])
def caller(request):
    """Either of the two; skipped, with Podman's own words, where it cannot start a container."""
    someone = request.getfixturevalue(request.param)
    made = someone.run("make", "docker", seconds=1500)
    refused = re.search("podman cannot start a container here: .*", made.stdout)
    if refused:
        pytest.skip(f"{request.param}: {refused.group()}")
    assert made.returncode == 0, made.stderr
    return someone


def test_podman_build(ordinary, note):
    made = ordinary.run("make", "docker", seconds=1500)
    assert made.returncode == 0 and re.search(r"with podman|up to date \(podman\)", made.stdout), made.stderr
    version = ordinary.run("podman", "--version").stdout.strip()
    note(f"make docker, as an ordinary user, by {version} without root")


def test_podman_run(caller, request, note):
    places = {"/usr/lib": "EROFS", str(caller.folder): "EROFS", f"{caller.folder}/build": None, "/tmp": None}
    found = probe(caller.run("docker/run", "python3", "-c", PROBE, *places))
    assert found["capabilities"] == [0] * 5 and found["no new privileges"] == 1
    assert found["networks"] == ["lo"] and found["writes"] == places
    assert (caller.folder / "build" / "probe").stat().st_uid == caller.folder.stat().st_uid
    note(f"{request.node.callspec.id}: docker/run by podman: no capabilities, no network, build/ alone is writable")


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_podman_signal(caller, request, number, status, note):
    stage = caller.folder / "build" / "long" / "stage1"
    write_config(caller.folder / "build" / "long.yaml", iterations=4000, validate_every=20)
    made = caller.run("make", "nets", *LONG)
    assert made.returncode == 0, made.stderr
    before = snapshots(stage)
    job = caller.start("docker/run", "python3", "-m", "experiments.train", "--config", "build/long.yaml", "--build",
                       "build/long", "--stage", "1")
    try:
        await_snapshot(job, stage, before)
        os.killpg(job.pid, number)
        output, errors = job.communicate(timeout=60)
    finally:
        job.kill()
    assert job.returncode == status and "interrupted; the same command goes on" in output, output + errors
    assert caller.run("podman", "ps", "--all", "--quiet").stdout == ""
    note(f"{request.node.callspec.id}: snapshot of iteration {max(snapshots(stage))}, container gone")
