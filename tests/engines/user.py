"""Accounts with checkouts of the repository: an ordinary user made for the tests, and root."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NAME = "engines-tester"


def copy_repository(folder):
    """Copy the repository, without what was made in it, to a folder that is not there yet."""
    def not_copied(parent, names):
        return {"build", ".git"} & set(names) if Path(parent) == REPOSITORY else set()
    shutil.copytree(REPOSITORY, folder, symlinks=True, ignore=not_copied)


class Account:
    """Somebody's account on this machine.

    Parameters
    ----------
    folder : pathlib.Path
        The home.
    name : str
    """

    def __init__(self, folder, name):
        self.home, self.name = folder, name
        subprocess.run(self.words("mkdir", "-m", "700", folder / "run"), check=True)

    def checkout(self, name):
        """Copy the repository to a folder of this account's; return its path."""
        folder = self.home / name
        copy_repository(folder)
        subprocess.run(["chown", "-R", f"{self.name}:{self.name}", str(folder)], check=True)
        return folder

    def words(self, *command, **variables):
        """Return the words that run a command as this account, in a clean environment with `variables`."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "MIRROR", "PIP_INDEX_URL")
                if os.environ.get(name)}
        entries = {**kept, "HOME": self.home, "USER": self.name, "LANG": "C.UTF-8",
                   "XDG_RUNTIME_DIR": self.home / "run", **variables}
        return ["setpriv", "--reuid", self.name, "--regid", self.name, "--init-groups", "env", "--ignore-environment",
                *(f"{name}={value}" for name, value in entries.items()), *map(str, command)]

    def run(self, *command, folder, seconds=600, **variables):
        """Run a command as this account; returns the finished process, its output as text."""
        return subprocess.run(self.words(*command, **variables), cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds)

    def start(self, *command, folder, **variables):
        """Start a command as this account, in a session of its own."""
        return subprocess.Popen(self.words(*command, **variables), cwd=folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


class User(Account):
    """A user of this machine, made for the tests and removed in the end; the parameters are an `Account`'s."""

    def __init__(self, folder, name=NAME):
        subprocess.run(["useradd", "--home-dir", str(folder), "--create-home", "--user-group", "--shell", "/bin/bash",
                        name], check=True)
        try:
            super().__init__(folder, name)
        except BaseException:
            self.remove()
            raise

    def remove(self):
        """Remove the user with all that belongs to it, the processes of its containers included."""
        ids = user_ids(self.name)
        self._end_processes(ids)
        done = subprocess.run(["userdel", "--remove", self.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)
        if self.home.exists():  # files of the containers' users, which are not this user's
            shutil.rmtree(self.home)
        if done.returncode not in (0, 12):  # 12: userdel could not remove all of the home
            raise RuntimeError(f"the user {self.name} is left: {done.stderr.strip()}")

    def _end_processes(self, ids):
        """Kill the processes of some users; what they start meanwhile, too."""
        for _ in range(200):
            left = processes_of(ids)
            if not left:
                return
            for number in left:
                try:
                    os.kill(number, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        raise RuntimeError(f"processes of {self.name} do not end: {left}")


def user_ids(name):
    """Return the ranges of a user's number and of those that it may give its containers' users."""
    number = pwd.getpwnam(name).pw_uid
    ranges = [range(number, number + 1)]
    entries = Path("/etc/subuid").read_text().splitlines() if os.path.exists("/etc/subuid") else []
    for owner, first, count in (entry.split(":") for entry in entries):
        if owner in (name, str(number)):
            ranges.append(range(int(first), int(first) + int(count)))
    return ranges


def processes_of(ids):
    """Return the processes any of whose users is in ranges of numbers; those that have ended are left out."""
    numbers = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            entries = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        users = {int(word) for word in entries["Uid"].split()}
        if not entries["State"].strip().startswith("Z") and any(user in every for user in users for every in ids):
            numbers.append(int(status.parent.name))
    return numbers
