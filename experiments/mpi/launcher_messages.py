"""Messages of mpirun on standard error, reduced to one sentence per cause.

mpirun explains itself in blocks between lines of hyphens, written for users of MPI. Those that name a rank or a machine
that is gone become a sentence; those that only repeat that others were ended, too, are left out.
"""

import re

RULE = re.compile(r"-{20,}\n?")
LONGEST_BLOCK = 60  # lines; what is longer is no block of mpirun's

KILLED = re.compile(r"process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+ \(.+?\))\.", re.S)
LOST = re.compile(r"lost communication with a remote daemon.*Remote daemon: .* on node (\S+)", re.S)
PEER_GONE = re.compile(r"peer process has unexpectedly disconnected.*Peer host:\s+(\S+)", re.S)
APART = re.compile(r"unable to reach each other.*on host: (\S+)\n.*on host: (\S+)", re.S)
NOT_STARTED = re.compile(r"unable to reliably start one or more daemons")
# a process has said itself why it ended, or its end was asked for
REPEATED = re.compile(r"MPI_ABORT was invoked on|Primary job  terminated normally|"
                      r"mpirun detected that one or more processes exited")
# ssh's words where a machine ends while it is connected to it; mpirun may take that for one that was never reached
HUNG_UP = re.compile(r"(?:Connection to|Read from remote host) (\S+?):? (?:closed|Connection reset|Connection timed).*")
# lines outside of blocks
ADDED = re.compile(r"|".join((
    "", "mpirun: Forwarding signal .*", r"\[.*\] ORTE_ERROR_LOG: .* in file .*show_help.c .*",
    r"(INFO|WARNING) \(theano.gof.compilelock\): .*", r"\[.*\] PMIX ERROR: UNREACHABLE in file .*pmix_server.c .*",
    r"\[.*\] PMIX ERROR: ERROR in file .*dstore_base.c .*", r"Your MPI job is now going to abort; sorry\.",
    r"\[.*\] \d+ more process.* sent help message .*", r"\[.*\] plm:rsh: Warning: setpgid\(.*\) failed .*",
    r"\[.*\] WARNING: local probe returned unhandled shell:.* assuming bash",  # a user without an entry in /etc/passwd
    r"\[.*\] Read -1, expected \d+, errno = 3",  # from the memory of a rank that is gone; its end is said besides
    r"\[.*\] Set MCA parameter .orte_base_help_aggregate.*",
    r"Warning: Permanently added .* to the list of known hosts\.")))

GOES_ON = "and so all were ended; the same command goes on from what is saved.\n"
UNUSABLE = ("error: not each machine of HOSTS can be used, for the reason above; each must let this user in by ssh "
            "without a password and have the repository at the same path.\n")


class LauncherMessages:
    """Translates mpirun's standard error, line by line.

    Parameters
    ----------
    place : callable
        Returns " while it was at ..." of a rank, given as text, or "".

    Attributes
    ----------
    lost : bool
        Whether a machine was lost, or not reached.
    """

    def __init__(self, place):
        self._place, self._block, self._peer, self._hung_up, self._said = place, None, None, None, False
        self.lost = False

    def translate(self, line, ending=False):
        """Return what to print for a line, or "".

        Parameters
        ----------
        line : str
        ending : bool
            Whether the end was asked for, so that ranks that are gone are no news.
        """
        if RULE.fullmatch(line):
            block, self._block = self._block, [] if self._block is None else None
            return "" if block is None else self._sentence("".join(block), ending)
        if self._block is not None:
            self._block.append(line)
            return self.rest() if len(self._block) > LONGEST_BLOCK else ""
        hung_up = HUNG_UP.match(line)
        if hung_up:
            self._hung_up = hung_up.group(1)
        if hung_up or ADDED.fullmatch(line.rstrip("\n")):
            return ""
        self._said = True
        return line

    def rest(self):
        """Return what is left of a block that has not ended."""
        block, self._block = self._block, None
        return "".join(block or ())

    def last_sentence(self, status):
        """Return a sentence where nothing was said but that the other ranks miss one; `status` is mpirun's."""
        machine = self._peer or self._hung_up
        return self._lost(f"a process on {machine} is gone") if status and machine and not self._said else ""

    def _sentence(self, block, ending):
        killed, lost, peer, apart = (kind.search(block) for kind in (KILLED, LOST, PEER_GONE, APART))
        if peer:
            self._peer = peer.group(1)
        if peer or REPEATED.search(block) or (ending and (killed or lost or NOT_STARTED.search(block))):
            return ""
        if killed:
            self._said = True
            rank, machine, number = killed.groups()
            return f"error: rank {rank} on {machine} was killed by signal {number}{self._place(rank)}, {GOES_ON}"
        if lost or (self._hung_up and NOT_STARTED.search(block)):
            machine = lost.group(1) if lost else self._hung_up
            return self._lost(f"{machine} does not answer any more, as it has ended or its network is cut")
        if apart:
            self.lost = self._said = True
            return (f"error: the processes on {apart.group(1)} and {apart.group(2)} do not reach each other; name a "
                    'network that leads from each machine to the others, as in MPI_ARGS="--mca btl_tcp_if_include '
                    'eth0".\n')
        if NOT_STARTED.search(block):
            self.lost = self._said = True
            return UNUSABLE
        self._said = True
        return block

    def _lost(self, what):
        self.lost = self._said = True
        return f"error: {what}, {GOES_ON}"


def reason_of_loss(lines):
    """Return why a machine was lost, given the lines that were printed, without their ends.

    It is ssh's last line where the machine was not reached, else the sentence of `LauncherMessages`, without what
    follows from it.
    """
    said = next((number for number in reversed(range(len(lines))) if lines[number].startswith("error: ")), None)
    if said is None:
        return "for a reason not given"
    if lines[said] == UNUSABLE.strip() and said:
        said -= 1
    reason = lines[said].replace(f", {GOES_ON.strip()}", "")
    return (reason[len("error: "):] if reason.startswith("error: ") else reason).rstrip(".")
