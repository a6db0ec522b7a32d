"""Run a module on several processes: `python3 -m experiments.parallel --processes 4 experiments.train ARGUMENT...`.

`mpirun` starts them, here or on the machines that --hosts names with their numbers of processes, as in a:2,b:2. Each
machine needs this repository at the same path, the build folder shared by all, and ssh without a password from here.
SIGINT and SIGTERM reach all processes.
"""

import argparse
import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from data_prep.progress import COLUMNS_VARIABLE
from experiments.mpi.hosts import parse_hosts
from experiments.mpi.launcher_messages import LauncherMessages
from experiments.mpi.notes import NOTES_VARIABLE, folder_of_notes, note_path
from experiments.mpi.processes import STAND_INS
from experiments.runtime.command_line import run_command
from experiments.runtime.several_processes import number_of_processes

REPOSITORY = Path(__file__).resolve().parents[1]
# A machine that is gone is noticed within 20 s: silent for 10 s, then asked twice.
KEEPALIVE = {"oob_tcp_keepalive_time": 10, "oob_tcp_keepalive_intvl": 5, "oob_tcp_keepalive_probes": 2}
# mpirun's daemons write the machine's topology into a file that its processes map. Two daemons with one folder for
# temporary files, as in containers with a common /tmp, cut the file off under each other, and one crashes at the
# start. Without the file each process gets the topology in a message.
TOPOLOGY = {"rtc_hwloc_vmhole": "none"}
# Messages between processes of one machine are copied where none may read another's memory. Open MPI would try to read
# it nevertheless, and print a line for each message.
COPIES = {"btl_vader_single_copy_mechanism": "none"}
# ssh asks no questions, and says within this time that a machine does not answer.
SSH_OPTIONS = "-o BatchMode=yes -o ConnectTimeout=20"


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
    if sys.stdout.isatty():
        words += ["-x", f"{COLUMNS_VARIABLE}={shutil.get_terminal_size().columns}"]
    if not reads_other_processes():
        words += _parameters(COPIES)
    if hosts:
        words += ["--host", ",".join(f"{name}:{count}" for name, count in hosts.items()), "--wdir", str(REPOSITORY),
                  "--mca", "orte_launch_agent", " ".join(map(shlex.quote, _agent(os.environ)))]
        words += _parameters({**KEEPALIVE, **TOPOLOGY})
        if "plm_rsh_agent" not in more_options:
            words += ["--mca", "plm_rsh_args", SSH_OPTIONS]
    return [*words, *more_options, *command]


def _parameters(values):
    return [word for name, value in values.items() for word in ("--mca", name, str(value))]


def reads_other_processes():
    """Return whether a process may read the memory of one that is not its child; Docker 20 forbids it."""
    there, here = ctypes.create_string_buffer(b"x"), ctypes.create_string_buffer(1)
    parent, child = os.getpid(), os.fork()
    if not child:
        part = (ctypes.c_size_t * 2)
        read = ctypes.CDLL(None).process_vm_readv(
            parent, part(ctypes.addressof(here), 1), ctypes.c_ulong(1), part(ctypes.addressof(there), 1),
            ctypes.c_ulong(1), ctypes.c_ulong(0))
        os._exit(0 if read == 1 else 1)
    return os.waitpid(child, 0)[1] == 0


def _agent(environment):
    """Return the words that start mpirun's daemon on another machine, in this one's environment and on its device.

    So many threads as this machine has cores are docker/run's default, which is another machine's affair. Any other
    number was asked for, and holds there too: with another number sums have other last bits.
    """
    names = ["DEVICE", "GPU"]
    if environment.get("OMP_NUM_THREADS") != str(os.cpu_count()):
        names.append("OMP_NUM_THREADS")
    named = [f"{name}={environment[name]}" for name in names if environment.get(name)]
    bundle = [f"{environment['BUNDLE']}/run"] if environment.get("BUNDLE") else []  # see docker/bundling
    return [*(["env"] if named else []), *named, *bundle, f"{REPOSITORY}/docker/run", "python3", "-m",
            "experiments.mpi.daemon"]


def run(words, notes):
    """Run mpirun to its end, forward signals to it, and return the exit status: EX_UNAVAILABLE where a machine is lost.

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
    messages = LauncherMessages(lambda rank: _place(notes, rank))
    for line in job.stderr:
        _complain(messages.translate(line, ending=bool(received)))
    status = job.wait()
    _complain(messages.rest() + messages.last_sentence(status))
    if received and status:
        return 128 + received[0]
    return os.EX_UNAVAILABLE if messages.lost else status


def _complain(text):
    if text:
        sys.stderr.write(text)
        sys.stderr.flush()


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
                        help="how many (default: as many as --hosts allows, or 1)")
    parser.add_argument("--hosts", default="", help="machines and their numbers of processes, as in a:2,b:2")
    parser.add_argument("--mpirun", default="", help="more options of mpirun, as in '--mca btl_tcp_if_include eth0'")
    parser.add_argument("module", help="such as experiments.train")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="of the module")
    options = parser.parse_args(arguments)
    hosts = parse_hosts(options.hosts) if options.hosts else {}
    processes = _number(options.processes, sum(hosts.values()))
    command = [sys.executable, "-m", options.module, *options.arguments]
    if processes == 1 and not hosts:
        os.execve(sys.executable, command, {**os.environ, "NP": "1"})  # the command would start one per core itself
    with folder_of_notes(_build_folder()) as notes:
        return run(mpirun_command(processes, hosts, shlex.split(options.mpirun), command, notes), notes)


def _build_folder():
    """Return the build folder, which all machines share."""
    folder = REPOSITORY / "build"
    folder.mkdir(exist_ok=True)
    return folder


def _number(text, places):
    """Return the number of processes that was asked for, which named machines must have `places` for."""
    if not text:
        return places or 1
    number = number_of_processes(text)
    if places and number > places:
        raise ValueError(f"NP is {text}, but HOSTS has places for {places} processes; name more of them.")
    return number


if __name__ == "__main__":
    run_command(main)
