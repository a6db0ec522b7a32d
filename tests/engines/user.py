"""An ordinary user made for the tests, with a checkout of the repository."""

import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NAME = "engines-tester"


def copy_repository(folder):
    """Copy the repository, without what was made in it, to a folder that is not there yet."""
    def not_copied(parent, names):
        return {"build", ".git"} & set(names) if Path(parent) == REPOSITORY else set()
    shutil.copytree(REPOSITORY, folder, symlinks=True, ignore=not_copied)


class User:
    """A user of this machine, removed in the end.

    Parameters
    ----------
    folder : pathlib.Path
        The user's home, which is made.
    """

    def __init__(self, folder):
        self.home = folder
        subprocess.run(["useradd", "--home-dir", str(folder), "--create-home", "--user-group", "--shell", "/bin/bash",
                        NAME], check=True)
        subprocess.run(self.words("mkdir", "-m", "700", folder / "run"), check=True)

    def checkout(self, name):
        """Copy the repository to a folder of the user's; return its path."""
        folder = self.home / name
        copy_repository(folder)
        subprocess.run(["chown", "-R", f"{NAME}:{NAME}", str(folder)], check=True)
        return folder

    def words(self, *command, **variables):
        """Return the words that run a command as this user, in a clean environment with `variables`."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "MIRROR", "PIP_INDEX_URL")
                if os.environ.get(name)}
        entries = {**kept, "HOME": self.home, "USER": NAME, "LANG": "C.UTF-8", "XDG_RUNTIME_DIR": self.home / "run",
                   **variables}
        return ["setpriv", "--reuid", NAME, "--regid", NAME, "--init-groups", "env", "--ignore-environment",
                *(f"{name}={value}" for name, value in entries.items()), *map(str, command)]

    def run(self, *command, folder, seconds=600, **variables):
        """Run a command as this user; returns the finished process, its output as text."""
        return subprocess.run(self.words(*command, **variables), cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds)

    def start(self, *command, folder, **variables):
        """Start a command as this user, in a session of its own."""
        return subprocess.Popen(self.words(*command, **variables), cwd=folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def remove(self):
        """Remove the user with all that belongs to it, processes of it included."""
        subprocess.run(["userdel", "--force", "--remove", NAME], stderr=subprocess.DEVNULL)
