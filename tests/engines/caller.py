"""Somebody who works with a container engine in a checkout: an ordinary user or root, by Docker or Podman."""

import fcntl
import os
import pty
import re
import subprocess
import termios
import time

import pytest

IMAGE = re.compile(r"hybrid-cnn-crf:cpu-[0-9a-f]{12}")


class Caller:
    """Somebody who calls `make` and `docker/run`.

    Parameters
    ----------
    account : tests.engines.user.Account
    folder : pathlib.Path
        The account's checkout.
    engine : str
        docker or podman.
    variables : dict
        With these a command finds the engine.
    """

    def __init__(self, account, folder, engine, variables):
        self.account, self.folder, self.engine, self.variables = account, folder, engine, variables

    def __str__(self):
        return f"{self.engine}, {'as root' if self.account.name == 'root' else 'as an ordinary user'}"

    def run(self, *words, folder=None, seconds=600, **variables):
        """Run a command in the checkout or another folder; returns the finished process, its output as text."""
        variables = {**self.variables, **variables}
        return self.account.run(*words, folder=folder or self.folder, seconds=seconds, **variables)

    def docker_run(self, *words, **options):
        """Run a command by the checkout's docker/run."""
        return self.run(self.folder / "docker" / "run", *words, **options)

    def start(self, *words):
        """Start a command in the checkout, in a session of its own."""
        return self.account.start(*words, folder=self.folder, **self.variables)

    def start_in_terminal(self, *words):
        """Start a command in a terminal of its own; returns the process and the terminal's other side."""
        parent, child = pty.openpty()
        job = subprocess.Popen(self.account.words(*words, TERM="xterm", **self.variables), cwd=self.folder, stdin=child,
                               stdout=child, stderr=child, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(child)
        return job, parent

    def build(self):
        """Say `make docker` and keep its `output`, its `seconds` and the `image`; returns this caller.

        The case is skipped, in Podman's own words, where Podman cannot start a container.
        """
        began = time.monotonic()
        done = self.run("make", "docker", seconds=1500)
        refused = re.search("podman cannot start a container here: .*", done.stdout)
        if refused:
            pytest.skip(f"{self}: {refused.group()}")
        assert done.returncode == 0, done.stderr
        self.output, self.seconds, self.image = done.stdout, time.monotonic() - began, IMAGE.search(done.stdout).group()
        return self

    def containers(self):
        """Return the containers that the engine has, the ended ones among them."""
        listed = self.run(self.engine, "ps", "--all", "--quiet")
        assert listed.returncode == 0, listed.stderr
        return listed.stdout.split()
