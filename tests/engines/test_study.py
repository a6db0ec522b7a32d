"""A study over two machines, one of which is lost."""

import json
import re
import time

import pytest

from tests.engines.experiments import FEW_SCENES, snapshots, write_config
from tests.engines.machines import BOTH, FIRST, LONGEST, SECOND

pytestmark = pytest.mark.usefixtures("repaired")
WORDS = ["study", "CONFIG=build/short.yaml", "BUILD=build/of-study", FEW_SCENES, "ROWS=cnn+crf", "SEEDS=0,1"]
STAGES = [f"seed{seed}/stage{number}" for seed in (0, 1) for number in (1, 2, 3)]


class Study:
    """A study of two seeds, and its results where nothing disturbs it."""

    def __init__(self, machines):
        self._machines, self.folder = machines, machines.share / "of-study" / "study"
        write_config(machines.share / "short.yaml", iterations=20, validate_every=10)
        began = time.monotonic()
        done = machines.run(FIRST, "make", *WORDS, BOTH, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        self.output, self.seconds, self.hosts = done.stdout, time.monotonic() - began, self._hosts()
        self.expected = self.results()

    def _hosts(self):
        """Return the machine that each stage was trained on."""
        return {stage: self.host(stage) for stage in STAGES}

    def host(self, stage):
        """Return the machine that a stage is trained on, None where it is not yet."""
        lock = self.folder / f"{stage}.lock"
        text = lock.read_text() if lock.exists() else ""
        return json.loads(text)["host"] if text else None

    def results(self):
        return (self.folder / "results-val.json").read_bytes()

    def start_again(self, hosts):
        """Remove what was trained, by the first machine, and start; return the job."""
        self._machines.run(FIRST, "sh", "-c", "rm -rf build/of-study/study/seed* build/of-study/study/results*")
        return self._machines.start("make", *WORDS, hosts)


@pytest.fixture(scope="module")
def study(machines):
    return Study(machines)


def test_a_study_over_both(study, note):
    assert set(study.hosts.values()) == {FIRST, SECOND} and "is left out" not in study.output
    assert set(json.loads(study.expected)) == {"cnn+crf", "details"}
    note(f"a study of two seeds over both machines: {study.seconds:.0f} s")


def test_a_machine_of_a_study_is_cut_off(study, machines, note):
    job = study.start_again(BOTH)
    while not any(study.host(stage) == SECOND and snapshots(study.folder / stage) for stage in STAGES):
        assert job.poll() is None, job.communicate()
        time.sleep(0.1)
    machines.cut(SECOND)
    began, seen = time.monotonic(), []
    for line in job.stdout:
        seen.append(line)
        if "is left out" in line:
            break
    seconds = time.monotonic() - began
    sentence = re.match(rf"study: ({SECOND} is left out and its runs go to other machines, .*)\(", seen[-1])
    assert sentence and seconds < LONGEST, "".join(seen)
    machines.await_no_process(SECOND)
    output, errors = job.communicate(timeout=600)
    assert job.returncode == 0, output + errors
    assert "is left out" not in output and study.results() == study.expected
    machines.await_no_process(FIRST)
    note(f"network cut: {sentence.group(1)}({seconds:.0f} s); all runs end on {FIRST}, with equal results")


def test_a_study_without_machines(study, machines, note):
    machines.cut(SECOND)
    job = study.start_again(f"HOSTS={SECOND}:1")
    _, errors = job.communicate(timeout=LONGEST)
    sentence, = [line for line in errors.splitlines() if not line.startswith("make")]
    assert job.returncode == 2 and sentence.startswith("error: no machine is left of those"), errors
    machines.await_no_process(FIRST, SECOND)
    note(f"no machine: {sentence}")
