"""mpirun's daemon ends with its status, or where what it has sent is not received."""

import socket
import sys

import pytest

from experiments.mpi import daemon

WORDS = ["-mca", "orte_hnp_uri", "7.0;tcp://172.18.0.2,10.0.0.2:48653", "-mca", "orte_parent_uri",
         "7.1;tcp6://[fe80::1]:999;more", "-mca", "pmix", "^s1"]
HEAD = ("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n")


def line(port, again, probes=0, waiting=42):
    return (f"   1: 030012AC:C350 020012AC:{port:04X} 01 {waiting:08X}:00000000 01:0000000A {again:08X}     0        "
            f"{probes} 4242\n")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return a function that runs a stand-in for orted, a Python program, with /proc/net/tcp as given."""
    def call(code, table):
        (tmp_path / "orted").write_text(f"#!{sys.executable}\n{code}\n")
        (tmp_path / "orted").chmod(0o755)
        (tmp_path / "tcp").write_text(table)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        monkeypatch.setattr(daemon, "TABLES", (tmp_path / "tcp", tmp_path / "no file"))
        for name, seconds in (("LONGEST", 0.3), ("SECONDS_BETWEEN_LOOKS", 0.1), ("SECONDS_TO_END", 0.5)):
            monkeypatch.setattr(daemon, name, seconds)
        return daemon.main(WORDS)
    return call


def test_ports_of_mpirun_and_of_the_daemon_above():
    assert daemon.ports(WORDS) == {48653, 999}


@pytest.mark.parametrize("lines, expected", [
    ([], False), ([line(48653, 0)], False), ([line(22, 7)], False), ([line(22, 7), line(48653, 1)], True),
    ([line(999, 16)], True), ([line(999, 0, probes=5)], True), ([line(999, 0, probes=2, waiting=0)], False)])
def test_only_what_is_sent_to_mpirun_again_is_undelivered(lines, expected):
    assert daemon.undelivered(HEAD + "".join(lines), {48653, 999}) == expected


def test_linux_has_such_a_table():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        table, port = daemon.TABLES[0].read_text(), server.getsockname()[1]
    assert f":{port:04X}" in table and not daemon.undelivered(table, {port})
    name = table.splitlines()[0].split()
    # "tx_queue:rx_queue" and "tr:tm->when" are two names and one word each
    assert [name[place] for place in (2, 4, 8, 10)] == ["rem_address", "tx_queue", "retrnsmt", "timeout"]


def test_the_daemons_status_is_kept(run):
    assert run("import sys; sys.exit(0 if '-mca' in sys.argv else 3)", HEAD) == 0
    assert run("import time, sys; time.sleep(0.6); sys.exit(3)", HEAD + line(48653, 0)) == 3


@pytest.mark.parametrize("code, status", [("", 143), ("import signal; signal.signal(15, signal.SIG_IGN)", 137)])
def test_a_daemon_that_nobody_receives_is_ended(run, code, status):
    assert run(f"{code}\nimport time; time.sleep(60)", HEAD + line(48653, 3)) == status
