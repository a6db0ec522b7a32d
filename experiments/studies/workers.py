"""Runs in processes of their own, several at once, each of one thread."""

import ctypes
import os
import signal
import subprocess
import sys
import time

SECONDS_BETWEEN_LOOKS = 0.1
# A run that another process holds up by its lock on Theano's folder tries again after a second.
THEANO_FLAGS = "compile.wait=1"


class Failure(RuntimeError):
    """A run that did not end well; holds one sentence."""


class Workers:
    """At most so many processes at a time.

    Parameters
    ----------
    count : int
    """

    def __init__(self, count):
        self.count, self._running = count, {}

    @property
    def free(self):
        """Whether one more run can be started."""
        return len(self._running) < self.count

    @property
    def running(self):
        """The runs that have not ended, in the order of their starts."""
        return list(self._running)

    def start(self, run, words, log):
        """Start a run.

        Parameters
        ----------
        run : hashable with a `title`
        words : sequence of str
            Its command.
        log : pathlib.Path
            File that its messages are added to.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        flags = ",".join(filter(None, (os.environ.get("THEANO_FLAGS"), THEANO_FLAGS)))
        environment = {**os.environ, "NP": "1", "HOSTS": "", "OMP_NUM_THREADS": "1", "THEANO_FLAGS": flags}
        with open(log, "ab") as file:
            begin = file.tell()
            process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=environment,
                                       preexec_fn=_end_with_parent)
        self._running[run] = (process, log, begin)

    def ended(self):
        """Return a list of (run, `Failure` or None) of the runs that have ended since the last call."""
        ended = {run: entry for run, entry in self._running.items() if entry[0].poll() is not None}
        for run in ended:
            del self._running[run]
        return [(run, _failure(run, *entry)) for run, entry in ended.items()]

    def wait(self):
        """Sleep a moment."""
        time.sleep(SECONDS_BETWEEN_LOOKS)

    def end(self, number):
        """Send a signal to all processes, and wait for their ends."""
        for process, _, _ in self._running.values():
            process.send_signal(number)
        for process, _, _ in self._running.values():
            process.wait()


def _end_with_parent():
    """Be no part of the terminal's group, whose Ctrl-C the study hands on, and end where the study is killed."""
    os.setpgrp()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _failure(run, process, log, begin):
    """Return the `Failure` of a process that has ended, None where it ended well."""
    if process.returncode == 0:
        return None
    with open(log, "rb") as file:
        file.seek(begin)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    if process.returncode < 0:
        reason = f"killed by signal {-process.returncode} ({signal.strsignal(-process.returncode)})"
    else:
        reason = next((line[len("error: "):] for line in reversed(lines) if line.startswith("error: ")),
                      lines[-1] if lines else f"exit status {process.returncode}")
    return Failure(f"{run.title}: {reason.rstrip('.')} (messages: {log})")


def python_module(module, *arguments):
    """Return the words that run a module of this repository."""
    return [sys.executable, "-m", module, *map(str, arguments)]
