"""mpirun's words as sentences, from blocks that mpirun 4.1.0 has printed."""

import pytest

from experiments.mpi.launcher_messages import LauncherMessages, reason_of_loss

RULE = "-" * 74 + "\n"
LOST = f"""{RULE}ORTE has lost communication with a remote daemon.

  HNP daemon   : [[37446,0],0] on node first
  Remote daemon: [[37446,0],1] on node second

This is usually due to either a failure of the TCP network
{RULE}"""
PEER_GONE = f"""{RULE}An MPI communication peer process has unexpectedly disconnected.  This
usually indicates a failure in the peer process (e.g., a crash or
otherwise exiting without calling MPI_FINALIZE first).

  Local host: first
  Local PID:  215
  Peer host:  second
{RULE}"""
KILLED = f"{RULE}mpirun noticed that process rank 1 with PID 0 on node b exited on signal 9 (Killed).\n{RULE}"
NOT_STARTED = f"{RULE}ORTE was unable to reliably start one or more daemons.\nThis usually is caused by:\n{RULE}"
APART = f"""{RULE}At least one pair of MPI processes are unable to reach each other for
MPI communications.  This means that no Open MPI device has indicated

  Process 1 ([[37378,1],0]) is on host: first
  Process 2 ([[37378,1],1]) is on host: second
  BTLs attempted: self

{RULE}"""
ABORTED = f"{RULE}MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD\nwith errorcode 1.\n{RULE}"
GONE = ("error: second does not answer any more, as it has ended or its network is cut, and so all were ended; the "
        "same command goes on from what is saved.\n")
UNUSABLE = "error: not each machine of HOSTS can be used, for the reason above; "


def translate(text, status=1, ending=False):
    """Return what is printed for all that mpirun says, and whether a machine is lost."""
    messages = LauncherMessages({"1": " while it was at the cables"}.get)
    printed = "".join(messages.translate(line, ending) for line in text.splitlines(True))
    return printed + messages.rest() + messages.last_sentence(status), messages.lost


@pytest.mark.parametrize("text, sentence, lost", [
    (LOST, GONE, True), (LOST + PEER_GONE, GONE, True), (PEER_GONE + LOST, GONE, True),
    ("Connection to second closed by remote host.\n" + NOT_STARTED, GONE, True),
    ("Read from remote host second: Connection reset by peer\n" + NOT_STARTED, GONE, True),
    (PEER_GONE, "error: a process on second is gone, and so all were ended; the same command goes on from what is "
     "saved.\n", True),
    (KILLED, "error: rank 1 on b was killed by signal 9 (Killed) while it was at the cables, and so all were ended; "
     "the same command goes on from what is saved.\n", False)])
def test_a_machine_or_rank_that_is_gone_is_one_sentence(text, sentence, lost):
    assert translate(text) == (sentence, lost)


@pytest.mark.parametrize("text, reason", [
    ("ssh: connect to host b port 22: No route to host\n" + NOT_STARTED, "ssh: connect to host b port 22: No route to "
     "host"),
    ("error: the image is not built yet; run: make docker\n" + NOT_STARTED, "the image is not built yet; run: make "
     "docker"),
    ("iteration 20 of 40\n" + LOST + "iteration 21 of 40\n", "second does not answer any more, as it has ended or its "
     "network is cut"),
    ("", "for a reason not given")])
def test_the_reason_of_a_loss_is_the_cause_without_what_follows(text, reason):
    assert reason_of_loss(translate(text)[0].splitlines()) == reason


def test_a_machine_that_was_never_reached_is_named_by_ssh():
    words = "ssh: connect to host nowhere port 22: No route to host\n"
    printed, lost = translate(words + NOT_STARTED)
    assert printed.startswith(words + UNUSABLE) and printed.count("\n") == 2 and lost


def test_machines_on_different_networks_are_both_named():
    printed, lost = translate(APART)
    assert printed.startswith("error: the processes on first and second do not reach each other; ") and lost
    assert printed.count("\n") == 1 and "btl_tcp_if_include" in printed


def test_a_process_that_has_spoken_needs_no_sentence_of_mpiruns():
    words = "rank 1 of 2 on second: error: The cat sat on the cable.\n"
    assert translate(words + PEER_GONE + ABORTED) == (words, False)
    assert translate(PEER_GONE, status=0) == ("", False)


@pytest.mark.parametrize("block", [KILLED, LOST, PEER_GONE])
def test_an_end_that_was_asked_for_is_no_news(block):
    assert translate(block, status=0, ending=True) == ("", False)


@pytest.mark.parametrize("line", [
    "[65d262f3b5ef:00376] WARNING: local probe returned unhandled shell:unknown assuming bash\n",  # a user without one
    "[first:05292] Read -1, expected 181916, errno = 3\n"])  # of a rank that another one is just reading from
def test_what_is_no_news_alone_is_left_out(line):
    assert translate(line, status=0) == ("", False)


def test_what_is_unknown_is_passed_on():
    strange = f"{RULE}Something else\nof two lines\n{RULE}"
    assert translate("a line\n" + strange + "another\n")[0] == "a line\nSomething else\nof two lines\nanother\n"
    assert translate(RULE + "no end\n")[0] == "no end\n"
    long = "".join(f"{number}\n" for number in range(100))
    assert translate(RULE + long)[0] == long
