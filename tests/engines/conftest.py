"""Fixtures of `make test-engines`: a Docker daemon, an ordinary user, checkouts, and two machines."""

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from tests.engines import podman
from tests.engines.caller import Caller
from tests.engines.daemon import Daemon
from tests.engines.machines import Machines
from tests.engines.user import NAME, Account, User
from tests.lines import PROPERTY, CaseLines

# File systems of their own, mounted before the daemon starts: two disks of datasets, and what two machines share.
DISKS = {"disk": "8m", "other-disk": "8m", "share": "400m"}

# A signal that ends the tests shall end the daemon too. A shell's background job ignores SIGINT.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)


def pytest_addoption(parser):
    parser.addoption("--keep", action="store_true", help="keep the daemon's images for the next run")
    parser.addoption("--cuda", action="store_true", help="build the CUDA image too, for one GPU architecture")


def pytest_configure(config):
    config.pluginmanager.register(CaseLines(config), "case-lines")


@pytest.fixture
def note(record_property):
    """Return a function that notes the line of a case."""
    return lambda line: record_property(PROPERTY, line)


@pytest.fixture(scope="session")
def work():
    """A folder that every user may enter, with `DISKS` mounted in it."""
    folder = Path(tempfile.mkdtemp(prefix="engines-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        for name, size in DISKS.items():
            (folder / name).mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder / name)],
                           check=True)
        yield folder
    finally:
        for name in DISKS:
            subprocess.run(["umount", "--lazy", str(folder / name)])
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def user(work):
    made = User(work / "home")
    yield made
    made.remove()


@pytest.fixture(scope="session")
def root(work):
    (work / "root").mkdir()
    return Account(work / "root", "root")


@pytest.fixture(scope="session")
def daemon(work, user, request):
    running = Daemon(work, NAME)
    yield running
    running.end(request.config.getoption("keep"))


@pytest.fixture(scope="session")
def docker(user, daemon):
    """The variables with which a command speaks with the daemon."""
    return {"DOCKER_HOST": daemon.address}


@pytest.fixture(scope="session")
def built(user, docker):
    """The user, calling Docker, after `make docker`."""
    return Caller(user, user.checkout("checkout"), "docker", docker).build()


@pytest.fixture(scope="session")
def built_by_podman(user, work):
    """The user, calling Podman, after `make docker`."""
    return podman.without_root(user, work / "podman").build()


@pytest.fixture(scope="session")
def built_for_root(root, daemon, built, work):
    """Root, calling Podman, with the image that Docker has built."""
    with podman.as_root(root, work / "podman-of-root", daemon, built.image) as caller:
        yield caller.build()


@pytest.fixture(scope="session")
def machines(daemon, built, work):
    (work / "machines").mkdir()
    two = Machines(daemon, built.image, work / "machines", work / "share")
    yield two
    two.end()


@pytest.fixture
def repaired(machines):
    """After each case, both machines run and are on the network, whatever came of it."""
    yield
    machines.repair()
