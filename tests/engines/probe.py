"""A look from inside a container: what a command may do there."""

import json

# Prints what it may do, as JSON; the arguments are folders, into which it tries to write.
PROBE = """
import errno, json, os, socket, sys
def failure(act):
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno]
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no new privileges": int(status["NoNewPrivs"]),
    "networks": sorted(os.listdir("/sys/class/net")),
    "connects": failure(lambda: socket.create_connection(("192.0.2.1", 80), 5)),
    "writes": {path: failure(lambda: open(path + "/probe", "w").close()) for path in sys.argv[1:]}}))
"""


def probe(done):
    """Return what `PROBE` has printed, given its finished process."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
