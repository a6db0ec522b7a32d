"""Runs in processes of their own, several at once, each of one thread."""

import ctypes
import os
import signal
import subprocess
import sys
import time

from experiments.mpi.launcher_messages import reason_of_loss

SECONDS_BETWEEN_LOOKS = 0.1
# A run that another process holds up by its lock on Theano's folder tries again after a second.
THEANO_FLAGS = "compile.wait=1"


class Failure(RuntimeError):
    """A run that did not end well; holds one sentence."""


class Unreachable(Failure):
    """A run whose machine cannot be reached; holds one sentence, which is the machine's and not the run's.

    Attributes
    ----------
    machine : str
    """

    def __init__(self, machine, sentence):
        super().__init__(sentence)
        self.machine = machine


class Workers:
    """A process at a time at each of several places. A machine that cannot be reached gets no more runs.

    Parameters
    ----------
    places : sequence of str or None
        Machines, each as often as it runs processes at once; None for this one.
    """

    def __init__(self, places):
        self._places, self._running, self._left_out = list(places), {}, set()

    @property
    def free(self):
        """True if one more run can be started; with no run left, False if every machine is left out."""
        return bool(self._places)

    @property
    def running(self):
        """The runs that have not ended, in the order of their starts."""
        return list(self._running)

    def start(self, run, command, log):
        """Start a run.

        Parameters
        ----------
        run : hashable with a `title`
        command : callable
            Returns the words of its command at a place.
        log : pathlib.Path
            File that its messages are added to.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        flags = ",".join(filter(None, (os.environ.get("THEANO_FLAGS"), THEANO_FLAGS)))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "THEANO_FLAGS": flags, "NP": "1"}
        for name in ("HOSTS", "MPI_ARGS"):  # a run is one process, wherever the study's are
            environment.pop(name, None)
        place = self._places.pop(0)
        with open(log, "ab") as file:
            begin = file.tell()
            process = subprocess.Popen(command(place), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                       env=environment, preexec_fn=_end_with_parent)
        self._running[run] = (process, place, log, begin)

    def ended(self):
        """Return a list of (run, `Failure` or None) of the runs that have ended since the last call.

        A run that may well end on another machine has an `Unreachable`.
        """
        ended = {run: entry for run, entry in self._running.items() if entry[0].poll() is not None}
        outcomes = []
        for run, (process, place, log, begin) in ended.items():
            del self._running[run]
            failure = _failure(run, process, place, log, begin)
            if isinstance(failure, Unreachable):
                self._left_out.add(place)
            self._places.append(place)
            outcomes.append((run, failure))
        self._places = [place for place in self._places if place not in self._left_out]
        return outcomes

    def wait(self):
        """Sleep a moment."""
        time.sleep(SECONDS_BETWEEN_LOOKS)

    def end(self, number):
        """Send a signal to all processes, and wait for their ends."""
        processes = [entry[0] for entry in self._running.values()]
        for process in processes:
            process.send_signal(number)
        for process in processes:
            process.wait()


def _end_with_parent():
    """Be no part of the terminal's group, whose Ctrl-C the study hands on, and end where the study is killed."""
    os.setpgrp()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _failure(run, process, place, log, begin):
    """Return the `Failure` of a process that has ended, None where it ended well."""
    if process.returncode == 0:
        return None
    with open(log, "rb") as file:
        file.seek(begin)
        lines = file.read().decode("utf-8", "replace").strip().splitlines()
    if place is not None and process.returncode == os.EX_UNAVAILABLE:
        return Unreachable(place, f"{place} is left out and its runs go to other machines, since it cannot be used: "
                                  f"{reason_of_loss(lines)} (messages: {log})")
    if process.returncode < 0:
        reason = f"killed by signal {-process.returncode} ({signal.strsignal(-process.returncode)})"
    else:
        reason = next((line[len("error: "):] for line in reversed(lines) if line.startswith("error: ")),
                      lines[-1] if lines else f"exit status {process.returncode}")
    return Failure(f"{run.title}: {reason.rstrip('.')} (messages: {log})")


def python_module(place, mpi_options, module, *arguments):
    """Return the words that run a module of this repository.

    Parameters
    ----------
    place : str or None
        A machine, on which mpirun starts it; None for this one.
    mpi_options : str
        More options of mpirun.
    module : str
    arguments : printable
    """
    words = [sys.executable, "-m"]
    if place is not None:
        words += ["experiments.parallel", "--hosts", f"{place}:1", f"--mpirun=-x OMP_NUM_THREADS {mpi_options}"]
    return [*words, module, *map(str, arguments)]
