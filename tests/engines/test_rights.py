"""Rights that docker/run asks an engine for where a command needs more: a network, others' files, GPUs."""

import shutil

import pytest

from tests.engines.caller import Caller
from tests.engines.probe import PROBE, probe


def test_a_network_where_one_is_asked_for(built, note):
    found = probe(built.docker_run("python3", "-c", PROBE, NETWORK="default"))
    assert found["networks"] == ["eth0", "lo"] and found["capabilities"] == [0] * 5
    refused = built.docker_run("true", NETWORK="some")
    assert refused.returncode == 1 and refused.stderr.startswith("error: NETWORK is 'some'")
    note("docker: NETWORK=default gives the engine's network, and nothing else more")


@pytest.fixture(params=["docker", "podman-root"])
def root_caller(request, root, built, docker):
    """Root in the ordinary user's checkout."""
    if request.param == "docker":
        return Caller(root, built.folder, "docker", {**docker, "ENGINE": "docker"})
    return Caller(root, built.folder, "podman", request.getfixturevalue("built_for_root").variables)


def test_as_root(root_caller, note):
    def look():
        folder = root_caller.folder
        return probe(root_caller.docker_run("python3", "-c", PROBE, f"{folder}/build", f"{folder}/docker"))
    found = look()
    assert found["capabilities"] == [0, 2, 2, 2, 0]  # CAP_DAC_OVERRIDE alone
    assert list(found["writes"].values()) == [None, "EROFS"]
    (root_caller.folder / "build" / "probe").unlink()
    own = root_caller.account.home / f"own-{root_caller.engine}"
    shutil.copytree(root_caller.folder / "docker", own / "docker")  # root's, as all that root makes
    root_caller.folder = own
    found = look()
    assert found["capabilities"] == [0] * 5 and list(found["writes"].values()) == [None, "EROFS"]
    note(f"{root_caller}: no capabilities in a checkout of root's, in another's the right to its files alone")


def test_a_gpu_is_asked_for(daemon, built, note):
    name = built.run("bash", "-c", ". docker/engine.sh; image_name cuda").stdout.strip()
    there = daemon.docker("image", "inspect", name, check=False).returncode == 0
    if not there:
        daemon.docker("tag", built.image, name)
    done = built.docker_run("true", DEVICE="cuda")
    if not there:
        daemon.docker("rmi", name)
    # the daemon's answer where it has no driver
    assert done.returncode == 125 and "could not select device driver" in done.stderr and "gpu" in done.stderr
    note("docker: DEVICE=cuda: Docker is asked for the GPUs, and says that no driver is here")
