"""Podman with settings and a storage of the tests' own."""

import contextlib
import shutil
import subprocess

from tests.engines.caller import Caller
from tests.engines.daemon import ROOT


def settings(folder, storage):
    """Write Podman's settings: a storage of its own, and the runtime that needs no library of those unpacked."""
    folder.mkdir()
    (folder / "containers.conf").write_text('[engine]\nruntime = "runc"\n')
    (folder / "storage.conf").write_text('[storage]\ndriver = "overlay"\n' + storage)
    # No Docker answers these callers, not even this machine's.
    return {"ENGINE": "podman", "DOCKER_HOST": f"unix://{folder}/none.sock",
            "CONTAINERS_CONF": folder / "containers.conf", "CONTAINERS_STORAGE_CONF": folder / "storage.conf"}


def without_root(user, folder):
    """Return an ordinary user who calls Podman; `folder` is for its settings."""
    storage = f'rootless_storage_path = "{user.home}/storage"\nrunroot = "{user.home}/run"\n'
    return Caller(user, user.checkout("with-podman"), "podman", settings(folder, storage))


@contextlib.contextmanager
def as_root(root, folder, daemon, image):
    """Give root, calling Podman, with an image of the Docker daemon's; `folder` is for its settings."""
    storage = f'graphroot = "{ROOT}/podman"\nrunroot = "{folder}/run"\n'
    variables = {**settings(folder, storage), "TMPDIR": folder}
    try:
        with subprocess.Popen(["docker", "--host", daemon.address, "save", image], stdout=subprocess.PIPE) as saved:
            subprocess.run(root.words("podman", "load", **variables), stdin=saved.stdout, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield Caller(root, root.checkout("with-podman"), "podman", variables)
    finally:
        root.run("podman", "rm", "--all", "--force", folder=folder, **variables)
        subprocess.run(["umount", str(ROOT / "podman" / "overlay")], stderr=subprocess.DEVNULL)
        shutil.rmtree(ROOT / "podman", ignore_errors=True)
