"""Two machines: containers with sshd, keys and host names of their own on one network, and a build folder they share.

The share is a small file system. Each machine has its own mount of it, by bindfs, as it would have by NFS: the mount of
one can be lost while the other's stays.
"""

import os
import subprocess
import time

from tests.engines.daemon import end_with_parent
from tests.engines.user import REPOSITORY, copy_repository

NAMES = FIRST, SECOND = "first", "second"
BOTH = f"HOSTS={FIRST}:1,{SECOND}:1"
LONGEST = 60  # seconds from a fault to the sentence that names the machine
NETWORK = "engines-tests"
PLACE = "/srv/repository"
BUILD, SSHD = f"{PLACE}/build", "/etc/ssh/sshd_config"
# Only the time of day: not the clock that MPI waits by, and not the dates of files, which come with the share.
FAKE_CLOCK = "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1 DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1"
PROCESSES = ("python3", "orted", "mpirun", "make")


class Machines:
    """The two machines.

    Parameters
    ----------
    daemon : tests.engines.daemon.Daemon
    image : str
        The environment's.
    folder : pathlib.Path
        Empty.
    share : pathlib.Path
        A file system, mounted since before the daemon started.
    """

    def __init__(self, daemon, image, folder, share):
        self.daemon, self.folder, self.share = daemon, folder, share
        self._mounts = {}
        self.end()  # of a run that was killed, where images are kept
        daemon.docker("build", "--build-arg", f"BASE={image}", "--tag", "engines-tests:machine", "--file",
                      REPOSITORY / "tests" / "engines" / "machine.Dockerfile", REPOSITORY / "tests" / "engines",
                      env={**os.environ, "DOCKER_BUILDKIT": "1"})
        self.code = folder / "code"
        copy_repository(self.code)
        (self.code / "build").mkdir()
        daemon.docker("network", "create", NETWORK)
        for name in NAMES:
            self.mount(name)
            daemon.docker("run", "--detach", "--name", name, "--hostname", name, "--network", NETWORK,
                          "--volume", f"{self.code}:{PLACE}:ro", "--volume", f"{folder / name}:{BUILD}",
                          "--workdir", PLACE, "--env", "OMP_NUM_THREADS=1", "engines-tests:machine")
        self._exchange_keys()

    def _exchange_keys(self):
        keys = {name: self._await(name, "cat", "/root/.ssh/id_ed25519.pub") for name in NAMES}
        hosts = {name: self._await(name, "cat", "/etc/ssh/ssh_host_ed25519_key.pub") for name in NAMES}
        known = "".join(f"{name} {key}" for name, key in hosts.items())
        for name in NAMES:
            self.run(name, "sh", "-c", 'echo "$1" > .ssh/authorized_keys; echo "$2" > .ssh/known_hosts', "sh",
                     "".join(keys.values()), known, folder="/root")

    def _await(self, name, *words):
        for _ in range(100):
            done = self.run(name, *words, check=False)
            if done.returncode == 0 and done.stdout:
                return done.stdout
            time.sleep(0.1)
        raise AssertionError(f"{name}: {done.stderr}")

    def mount(self, name):
        """Mount the share for a machine."""
        (self.folder / name).mkdir(exist_ok=True)
        self._mounts[name] = subprocess.Popen(
            ["nsenter", "--target", str(self.daemon.pid), "--mount", "bindfs", "-f", str(self.share),
             str(self.folder / name)], stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        while self.daemon.inside("mountpoint", "--quiet", self.folder / name).returncode:
            assert self._mounts[name].poll() is None, "bindfs has ended"
            time.sleep(0.05)

    def lose_share(self, name):
        """Let each access of a machine to the share fail, as where the machine that exports it is gone."""
        self._mounts[name].kill()
        self._mounts[name].wait()

    def regain_share(self, name):
        """Mount the share again; the machine is started again, since a mount that was lost stays lost."""
        self.daemon.inside("umount", "--lazy", self.folder / name)
        self.mount(name)
        self.daemon.docker("restart", "--time", "1", name)
        self._await(name, "ls", BUILD)

    def start_again(self, name):
        """Start a machine that was killed, and wait for its sshd."""
        self.daemon.docker("start", name)
        self._await(FIRST, "ssh", SECOND, "hostname")

    def repair(self):
        """Start what does not run, and connect what is not connected."""
        for name in NAMES:
            self.daemon.docker("start", name)
            self.daemon.docker("network", "connect", NETWORK, name, check=False)
        self._await(FIRST, "ssh", SECOND, "hostname")

    def cut(self, name):
        """Take a machine's network away."""
        self.daemon.docker("network", "disconnect", NETWORK, name)

    def connect(self, name):
        """Give it back."""
        self.daemon.docker("network", "connect", NETWORK, name)
        self._await(FIRST, "ssh", SECOND, "hostname")

    def set_read_only(self, name):
        """Let a machine see the share read-only; what is open for writing stays so, as on a mount that is in use."""
        self._in_mounts_of(name, f"mount --bind {BUILD} {BUILD} && mount -o remount,bind,ro {BUILD}")

    def set_writable(self, name):
        """Undo `set_read_only`."""
        self._in_mounts_of(name, f"umount {BUILD}")

    def _in_mounts_of(self, name, script):
        pid = self.daemon.docker("inspect", "--format", "{{.State.Pid}}", name).stdout.strip()
        done = self.daemon.inside("nsenter", "--target", pid, "--mount", "sh", "-c", script)
        assert done.returncode == 0, done.stderr

    def set_clock(self, name, offset):
        """Let the clock of what is started over ssh go wrong by an offset such as +1h; "" sets it right."""
        wrong = f"SetEnv {FAKE_CLOCK} FAKETIME={offset}" if offset else ""
        self.run(name, "sh", "-ec", f"sed -i /FAKETIME/d {SSHD}; echo '{wrong}' >> {SSHD}")
        self.daemon.docker("restart", "--time", "1", name)
        self._await(FIRST, "ssh", name, "date")

    def run(self, name, *words, folder=PLACE, check=True):
        """Run a command on a machine."""
        return self.daemon.docker("exec", "--workdir", folder, name, *words, check=check)

    def start(self, *words):
        """Start a command on the first machine; its output is text."""
        return subprocess.Popen(["docker", "--host", self.daemon.address, "exec", FIRST, *words],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def processes(self, name):
        """Return the processes on a machine that training has started."""
        lines = self.daemon.docker("top", name, "-eo", "pid,args").stdout.splitlines()[1:]
        return [line for line in lines if any(word in line for word in PROCESSES)]

    def await_no_process(self, *names):
        """Wait until no process that training has started is left on machines."""
        for _ in range(100):
            left = [line for name in names for line in self.processes(name)]
            if not left:
                return
            time.sleep(0.2)
        raise AssertionError(f"after 20 s there are: {left}")

    def end(self):
        """Remove both and their network."""
        self.daemon.docker("rm", "--force", *NAMES, check=False)
        self.daemon.docker("network", "rm", NETWORK, check=False)
        for mount in self._mounts.values():
            mount.kill()
            mount.wait()
