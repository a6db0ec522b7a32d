"""Run a module on several processes: `python3 -m experiments.parallel --processes 4 experiments.train ARGUMENT...`.

`mpirun` starts them, here or on the machines that --hosts names with their numbers of processes, as in a:2,b:2. Each
machine needs this repository at the same path, the build folder shared by all, and ssh without a password from here.
SIGINT and SIGTERM reach all processes.
"""

import argparse
import ctypes
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from experiments.mpi.hosts import parse_hosts
from experiments.mpi.notes import NOTES_VARIABLE, folder_of_notes, note_path
from experiments.mpi.processes import STAND_INS
from experiments.runtime.command_line import run_command

REPOSITORY = Path(__file__).resolve().parents[1]
CORES = "cores"
# A machine that is gone is noticed within 20 s: silent for 10 s, then asked twice.
KEEPALIVE = {"oob_tcp_keepalive_time": 10, "oob_tcp_keepalive_intvl": 5, "oob_tcp_keepalive_probes": 2}
# mpirun's daemons write the machine's topology into a file that its processes map. Two daemons with one folder for
# temporary files, as in containers with a common /tmp, cut the file off under each other, and one crashes at the
# start. Without the file each process gets the topology in a message.
TOPOLOGY = {"rtc_hwloc_vmhole": "none"}
# Lines of mpirun that are left out: a process has said itself why it ended, or its end was asked for.
ADDED = re.compile(r"|".join((
    "-{20,}", "", "MPI_ABORT was invoked on .*", "with errorcode .*", "NOTE: invoking MPI_ABORT .*",
    "You may or may not see output .*", "exactly when Open MPI kills .*", "Primary job  terminated normally, .*",
    "a non-zero exit code. Per user-direction.*", "mpirun detected that one or more .*",
    "the job to be terminated. The first .*", "  Process name: .*", "  Exit code: .*",
    "mpirun: Forwarding signal .*", r"\[.*\] ORTE_ERROR_LOG: .* in file .*show_help.c .*",
    r"(INFO|WARNING) \(theano.gof.compilelock\): .*", r"\[.*\] PMIX ERROR: UNREACHABLE in file .*pmix_server.c .*",
    r"\[.*\] PMIX ERROR: ERROR in file .*dstore_base.c .*",
    r"\[.*\] \d+ more process.* sent help message .*", r"\[.*\] plm:rsh: Warning: setpgid\(.*\) failed .*",
    r"\[.*\] Set MCA parameter .orte_base_help_aggregate.*")))
KILLED = re.compile(
    r"mpirun noticed that process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+ \(.+\))\.")


def mpirun_command(processes, hosts, more_options, command, notes=None):
    """Return the words of an `mpirun` command.

    Parameters
    ----------
    processes : int
    hosts : dict of str to int
        Largest number of processes of each machine; empty for this machine alone.
    more_options : sequence of str
        Further options of mpirun.
    command : sequence of str
        Run by each process.
    notes : path, optional
        Folder in which the processes note what they are at.
    """
    # A process is not bound to one core: its BLAS has threads.
    words = ["mpirun", "--oversubscribe", "--bind-to", "none", "-np", str(processes)]
    if os.geteuid() == 0:
        words.append("--allow-run-as-root")  # as in a container
    if notes:
        words += ["-x", f"{NOTES_VARIABLE}={notes}"]
    if hosts:
        words += ["--host", ",".join(f"{name}:{count}" for name, count in hosts.items()), "--wdir", str(REPOSITORY),
                  "--mca", "orte_launch_agent", " ".join(map(shlex.quote, _agent(os.environ)))]
        for name, value in {**KEEPALIVE, **TOPOLOGY}.items():
            words += ["--mca", name, str(value)]
    return [*words, *more_options, *command]


def _agent(environment):
    """Return the words that start mpirun's daemon on another machine, in this one's environment and on its device."""
    named = [f"{name}={environment[name]}" for name in ("DEVICE", "GPU") if environment.get(name)]
    bundle = [f"{environment['BUNDLE']}/run"] if environment.get("BUNDLE") else []  # see docker/bundling
    return [*(["env"] if named else []), *named, *bundle, f"{REPOSITORY}/docker/run", "orted"]


def run(words, notes):
    """Run mpirun to its end, forward signals to it, and return the exit status.

    Parameters
    ----------
    words : sequence of str
        From `mpirun_command`.
    notes : path
        The folder of notes that `mpirun_command` was given.
    """
    # In a group of its own: a terminal's signal would make mpirun kill all processes before they have saved.
    job = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True,
                           preexec_fn=_begin_group)
    received = []

    def hand_on(number, frame):
        received.append(number)
        stand_in, = [key for key, meant in STAND_INS.items() if meant == number]
        job.send_signal(stand_in if len(received) < 3 else signal.SIGTERM)  # asked thrice, it shall end at once

    for number in STAND_INS.values():
        signal.signal(number, hand_on)
    for line in job.stderr:
        killed = KILLED.match(line)
        if killed and not received:
            rank, machine, number = killed.groups()
            line = (f"error: rank {rank} on {machine} was killed by signal {number}{_place(notes, rank)}, and so all "
                    "were ended; the same command goes on from what is saved.\n")
        if not ADDED.fullmatch(line.rstrip("\n")) and not (killed and received):
            sys.stderr.write(line)
            sys.stderr.flush()
    status = job.wait()
    return 128 + received[0] if received and status else status


def _place(notes, rank):
    """Return " while it was at ..." of a rank that has noted its place, else ""."""
    try:
        with open(note_path(notes, rank)) as file:
            text = file.read()
    except FileNotFoundError:  # on a machine that does not share the folder
        text = ""
    return f" while it was at {text}" if text else ""


def _begin_group():
    os.setpgrp()
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: where this process is killed, the job ends


def main(arguments=None):
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", metavar="NP",
                        help="how many, or `cores`: one per processor (default: as many as --hosts allows, or 1)")
    parser.add_argument("--hosts", default="", help="machines and their numbers of processes, as in a:2,b:2")
    parser.add_argument("--mpirun", default="", help="more options of mpirun, as in '--mca btl_tcp_if_include eth0'")
    parser.add_argument("module", help="such as experiments.train")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the module")
    options = parser.parse_args(arguments)
    hosts = parse_hosts(options.hosts) if options.hosts else {}
    processes = _number(options.processes, sum(hosts.values()))
    command = [sys.executable, "-m", options.module, *options.arguments]
    if processes == 1 and not hosts:
        os.execv(sys.executable, command)
    with folder_of_notes(_build_folder()) as notes:
        return run(mpirun_command(processes, hosts, shlex.split(options.mpirun), command, notes), notes)


def _build_folder():
    """Return the build folder, which all machines share."""
    folder = REPOSITORY / "build"
    folder.mkdir(exist_ok=True)
    return folder


def _number(text, places):
    """Return the number of processes that was asked for, which named machines must have `places` for."""
    if not text or (places and text == CORES):
        return places or 1
    if text == CORES:
        return len(os.sched_getaffinity(0))
    if not re.fullmatch(r"[1-9]\d{0,4}", text):
        raise ValueError(f"NP is '{text}'; it must be a number of processes, 1 or more.")
    if places and int(text) > places:
        raise ValueError(f"NP is {text}, but HOSTS has places for {places} processes; name more of them.")
    return int(text)


if __name__ == "__main__":
    run_command(main)
