"""mpirun's daemon on another machine, and its end where mpirun is gone: `python3 -m experiments.mpi.daemon WORD...`.

Where nothing is under way, TCP's keepalive finds a connection that is dead. What the daemon has sent and nobody
receives, as a line of output after the network was cut, TCP sends again for a quarter of an hour. Meanwhile the daemon
and its processes would go on, beside those that have taken over their work.
"""

import ctypes
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

TABLES = Path("/proc/net/tcp"), Path("/proc/net/tcp6")
LONGEST = 15  # seconds in which nothing that was sent is received
SECONDS_BETWEEN_LOOKS = 1
SECONDS_TO_END = 5


def ports(words):
    """Return the ports of mpirun, or of the daemon that has started this one, which stand in the daemon's words."""
    return {int(port) for word in words for port in re.findall(r"tcp6?://[^;]*:(\d+)(?:;|$)", word)}


def undelivered(table, ports):
    """Return whether something on a connection to one of some ports is tried again, since nobody has received it.

    Parameters
    ----------
    table : str
        Of Linux, as /proc/net/tcp: numbers are hexadecimal.
    ports : set of int
    """
    for line in table.splitlines()[1:]:
        _, _, remote, _, queues, _, again, _, probes = line.split()[:9]
        waiting = int(queues.partition(":")[0], 16)
        if waiting and (int(again, 16) or int(probes)) and int(remote.rpartition(":")[2], 16) in ports:
            return True
    return False


def main(words):
    """Run the daemon to its end; return its status."""
    daemon = subprocess.Popen(["orted", *words], preexec_fn=_end_with_parent)
    wanted, since = ports(words), None
    while True:
        try:
            status = daemon.wait(SECONDS_BETWEEN_LOOKS)
            return status if status >= 0 else 128 - status
        except subprocess.TimeoutExpired:
            pass
        now, stuck = time.monotonic(), any(undelivered(table.read_text(), wanted) for table in TABLES if table.exists())
        since = (now if since is None else since) if stuck else None
        if stuck and now - since >= LONGEST:
            _end(daemon)


def _end(daemon):
    """Let the daemon end its processes and itself."""
    daemon.terminate()
    try:
        daemon.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        daemon.kill()


def _end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
