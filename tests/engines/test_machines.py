"""Two machines that train, evaluate and search together; then one is killed, cut off, or loses its disk."""

import re
import time

import pytest

from tests.engines.experiments import FEW_SCENES, SMOKE, snapshots, write_config
from tests.engines.machines import BOTH, FIRST, LONGEST, NAMES, SECOND

ALONE = f"HOSTS={FIRST}:2"
LONG = ["CONFIG=build/long.yaml", "BUILD=build/long", FEW_SCENES]

pytestmark = pytest.mark.usefixtures("repaired")


class Training:
    """The long stage on the two machines, and its weights where nothing disturbs it."""

    def __init__(self, machines):
        self._machines = machines
        self.stage = machines.share / "long" / "stage1"
        write_config(machines.share / "long.yaml", iterations=120, validate_every=10)
        machines.run(FIRST, "make", "nets", *LONG)
        self.expected = self.finish(BOTH)

    def start(self, hosts):
        return self._machines.start("make", "train-stage1", *LONG, hosts)

    def forget(self):
        """Remove what was trained, by the first machine, which would else take files for there that it has seen."""
        self._machines.run(FIRST, "rm", "-rf", "build/long/stage1")

    def finish(self, hosts):
        """Train, or go on, to the end; return the weights."""
        job = self.start(hosts)
        output, errors = self._end(job)
        assert job.returncode == 0 and errors == "", output + errors
        return (self.stage / "final.caffemodel").read_bytes()

    def _end(self, job, seconds=180):
        """Wait for the end; return output and errors, make's own lines left out."""
        output, errors = job.communicate(timeout=seconds)
        return output, "".join(line for line in errors.splitlines(True) if not line.startswith("make"))

    def begin_again(self, hosts):
        """Remove what was trained, start, and wait for the second snapshot; return the job."""
        self.forget()
        job = self.start(hosts)
        while not {10, 20} <= snapshots(self.stage):
            assert job.poll() is None, job.communicate()
            time.sleep(0.1)
        return job

    def disturb(self, act, *words):
        """Let a fault happen amid the training: it must end with one sentence that has `words`, and leave no process.

        Returns
        -------
        str
            The sentence and the seconds from the fault to the end.
        """
        job = self.begin_again(BOTH)
        began = time.monotonic()
        act()
        _, errors = self._end(job, LONGEST)
        seconds = time.monotonic() - began
        assert job.returncode == 2, errors
        line, = errors.splitlines()
        assert re.match(r"(rank \d of 2 on \w+: )?error: ", line) and all(word in line for word in words), line
        return f"{line} ({seconds:.0f} s)"

    def goes_on(self, hosts):
        """Let the same command go on; check that it does so from a snapshot, to the weights that are expected."""
        there = max(snapshots(self.stage))
        output, errors = self._end(self.start(hosts))
        assert errors == "" and f"goes on from iteration {there}" in output, output + errors
        assert (self.stage / "final.caffemodel").read_bytes() == self.expected
        return f"goes on from iteration {there} to equal weights"


@pytest.fixture(scope="module")
def training(machines):
    return Training(machines)


def test_two_machines(training, machines, note):
    assert len(training.expected) > 1e5
    version = machines.run(FIRST, "ssh", SECOND, "hostname; ssh -V 2>&1; mpirun --version | head -n 1").stdout
    assert version.splitlines()[0] == SECOND
    note(f"make train-stage1 on two machines by {', '.join(version.splitlines()[1:])}")


def test_one_machine_gives_the_same(training, note):
    training.forget()
    assert training.finish(ALONE) == training.expected
    note("two processes on one machine give equal weights")


def test_everything_over_both(machines, note):
    began = time.monotonic()
    done = machines.run(FIRST, "make", "train", "evaluate", "grid-search", *SMOKE, FEW_SCENES, BOTH, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    build = machines.share / "scenes-smoke"
    assert (build / "evaluation-val.json").is_file() and (build / "grid-search-val.json").is_file()
    note(f"all stages, evaluation and grid search over both: {time.monotonic() - began:.0f} s")


@pytest.mark.parametrize("hosts", [BOTH, ALONE])
def test_the_second_is_killed(training, machines, note, hosts):
    sentence = training.disturb(lambda: machines.daemon.docker("kill", SECOND), f"error: {SECOND} ")
    machines.await_no_process(FIRST)
    if hosts == BOTH:
        machines.start_again(SECOND)
    went_on = training.goes_on(hosts)
    if hosts != BOTH:
        machines.start_again(SECOND)
    note(f"killed: {sentence}; on {'both' if hosts == BOTH else 'one'} it {went_on}")


def test_the_first_is_killed(training, machines, note):
    training.begin_again(BOTH)
    machines.daemon.docker("kill", FIRST)
    machines.await_no_process(SECOND)
    machines.start_again(FIRST)
    note(f"the first is killed: the second ends its processes; the command {training.goes_on(BOTH)}")


@pytest.mark.parametrize("hosts", [BOTH, ALONE])
def test_the_network_is_cut(training, machines, note, hosts):
    sentence = training.disturb(lambda: machines.cut(SECOND), f"error: {SECOND} ")
    machines.await_no_process(FIRST, SECOND)
    if hosts == BOTH:
        machines.connect(SECOND)
    went_on = training.goes_on(hosts)
    if hosts != BOTH:
        machines.connect(SECOND)
    note(f"network cut: {sentence}; on {'both' if hosts == BOTH else 'one'} it {went_on}")


def test_the_disk_is_full(training, machines, note):
    filler = machines.share / "filler"

    def fill():
        with open(filler, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 20)):
                    pass
            except OSError:  # no space left
                pass
    sentence = training.disturb(fill, f"on {FIRST}: ", "No space left on device")
    machines.await_no_process(FIRST, SECOND)
    filler.unlink()
    note(f"disk full: {sentence}; it {training.goes_on(BOTH)}")


@pytest.mark.parametrize("offset", ["+1h", "-1h"])
def test_a_clock_is_an_hour_off(training, machines, note, offset):
    machines.set_clock(SECOND, offset)
    try:
        seen = [int(machines.run(FIRST, *words, "date", "+%s").stdout) for words in ((), ("ssh", SECOND))]
        assert abs(abs(seen[1] - seen[0]) - 3600) < 60
        training.forget()
        assert training.finish(BOTH) == training.expected
    finally:
        machines.set_clock(SECOND, "")
    note(f"the clock of the second {offset}: no difference, equal weights")


@pytest.mark.parametrize("name", NAMES)
def test_the_share_is_gone(training, machines, note, name):
    sentence = training.disturb(lambda: machines.lose_share(name), f"on {name}: ", "is not connected")
    machines.await_no_process(FIRST, SECOND)
    machines.regain_share(name)
    note(f"share gone: {sentence}; it {training.goes_on(BOTH)}")


def test_the_share_is_read_only(training, machines, note):
    sentence = training.disturb(lambda: machines.set_read_only(FIRST), f"on {FIRST}: ", "Read-only file system")
    machines.await_no_process(FIRST, SECOND)
    machines.set_writable(FIRST)
    note(f"share read-only: {sentence}; it {training.goes_on(BOTH)}")


@pytest.mark.parametrize("fault, words", [("unknown", "nowhere"), ("no key", f"root@{SECOND}: Permission denied")])
def test_a_machine_that_cannot_be_used(training, machines, note, fault, words):
    hosts = f"HOSTS={FIRST}:1,nowhere:1" if fault == "unknown" else BOTH
    training.forget()
    if fault == "no key":
        machines.run(SECOND, "mv", ".ssh/authorized_keys", ".ssh/kept", folder="/root")
    done = machines.run(FIRST, "make", "train-stage1", *LONG, hosts, check=False)
    if fault == "no key":
        machines.run(SECOND, "mv", ".ssh/kept", ".ssh/authorized_keys", folder="/root")
    reason, sentence = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert words in reason and sentence.startswith("error: not each machine of HOSTS can be used"), done.stderr
    machines.await_no_process(FIRST, SECOND)
    note(f"{fault}: {reason} {sentence}")
