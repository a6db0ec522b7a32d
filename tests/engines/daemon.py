"""A Docker daemon of the tests' own, with everything that it makes in namespaces that end with it."""

import ctypes
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2] / "build" / "engines"
# Runs as the first process of its namespaces; with it end all containers, mounts, bridges and firewall rules.
SCRIPT = r"""
mount -t tmpfs tmpfs /run
mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf
mkdir -p /sys/fs/cgroup/systemd
ip link set lo up
until ip link show tap0 >/dev/null 2>&1; do sleep 0.1; done
exec dockerd --host "unix://$FOLDER/docker.sock" --group "$GROUP" --data-root "$DATA" --exec-root "$FOLDER/exec" \
    --pidfile "$FOLDER/docker.pid"
"""
NAMESERVER = "10.0.2.3"  # slirp4netns's own, which asks those of this machine


def end_with_parent():
    """Let this process be killed where its parent, the tests, ends: PR_SET_PDEATHSIG."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Daemon:
    """A running dockerd.

    Parameters
    ----------
    folder : pathlib.Path
        For its socket; short, as a socket's path is.
    group : str
        The group that may speak with it.
    """

    def __init__(self, folder, group):
        self.folder, self.data = folder, ROOT / "docker"
        self.address = f"unix://{folder}/docker.sock"
        (folder / "resolv.conf").write_text(f"nameserver {NAMESERVER}\n")
        environment = {**os.environ, "FOLDER": str(folder), "DATA": str(self.data), "GROUP": group}
        self._log = open(ROOT / "dockerd.log", "w")
        # slave: datasets that are mounted later on this machine are seen; the daemon's own mounts are not seen outside
        self._unshare = subprocess.Popen(
            ["unshare", "--net", "--mount", "--propagation", "slave", "--pid", "--mount-proc", "--fork", "--kill-child",
             "sh", "-ec", SCRIPT], env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            preexec_fn=end_with_parent)
        self.pid = self._child()
        self._network = subprocess.Popen(
            ["slirp4netns", "--configure", "--mtu=1400", "--disable-host-loopback", str(self.pid), "tap0"],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, preexec_fn=end_with_parent)
        self._await()

    def _child(self):
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children")
        for _ in range(100):
            words = children.read_text().split()
            if words:
                return int(words[0])
            time.sleep(0.05)
        raise RuntimeError("no namespaces of its own for the Docker daemon")

    def _await(self):
        for _ in range(300):
            if self._unshare.poll() is not None:
                break
            if self.docker("info", check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError(f"the Docker daemon does not answer; its log is {self._log.name}")

    def docker(self, *words, check=True, **options):
        """Call the daemon as root; returns the finished process, its output as text."""
        done = subprocess.run(["docker", "--host", self.address, *map(str, words)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        assert not check or done.returncode == 0, done.stderr
        return done

    def inside(self, *words):
        """Run a command in the daemon's namespaces, which sees the processes of all containers."""
        return subprocess.run(["nsenter", "--target", str(self.pid), "--net", "--mount", "--pid", *map(str, words)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, keep=False):
        """End the daemon and, with its namespaces, all that it has started; remove its images unless they are kept."""
        os.kill(self.pid, signal.SIGTERM)
        try:
            self._unshare.wait(20)
        except subprocess.TimeoutExpired:
            self._unshare.kill()
        self._network.terminate()
        for process in (self._unshare, self._network):
            process.wait()
        self._log.close()
        if not keep:
            shutil.rmtree(self.data)
