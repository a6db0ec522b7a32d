"""The scheduler: order, what is done already, and what a failure holds up; processes are made up."""

import pytest

from data_prep import progress
from experiments.scoring.result_rows import find_rows
from experiments.studies.folders import StudyFolder
from experiments.studies import scheduler as scheduler_module
from experiments.studies.plan import LABEL, NETS, TRAIN, identity, plan
from experiments.studies.results import Results
from experiments.studies.scheduler import Scheduler
from experiments.studies.workers import Failure, Unreachable
from experiments.training.log import TrainingLog
from experiments.training.signals import Interruption

KEYS = ["cnn", "joint", "control"]


class MadeWorkers:
    """Workers whose runs end at once, in the reverse order of their starts; some fail, some lose their machine."""

    def __init__(self, count, failing=(), losing=()):
        self.count, self.failing, self.losing, self.running, self.started = count, failing, list(losing), [], []

    @property
    def free(self):
        return len(self.running) < self.count

    def start(self, run, command, log):
        self.running.append(run)
        self.started.append(identity(run))

    def ended(self):
        runs, self.running = self.running[::-1], []
        return [(run, self._failure(run)) for run in runs]

    def _failure(self, run):
        if identity(run) in self.losing:
            self.losing.remove(identity(run))
            self.count -= 1
            return Unreachable("gone", "gone is left out")
        return Failure(run.title) if identity(run) in self.failing else None

    def wait(self):
        pass


@pytest.fixture
def make_scheduler(experiment):
    config, build = experiment
    folder = StudyFolder(build)
    configs = folder.prepare(config, [0, 1])

    def make(workers, keys=KEYS):
        builds = {seed: folder.seed(seed) for seed in configs}
        rows = find_rows(keys)
        return Scheduler(plan(rows, list(configs), ["val"]), folder, configs,
                         {"val": Results(config, builds, rows, "val")}, workers), folder
    return make


@pytest.mark.parametrize("count", [1, 3, 20])
def test_runs_start_after_those_that_they_need_and_all_end(make_scheduler, count):
    workers, ended = MadeWorkers(count), []
    scheduler, _ = make_scheduler(workers)
    wanted = {identity(run): run for run in scheduler.runs}
    assert scheduler.until_end(Interruption(), ended.append) == []
    assert sorted(workers.started) == sorted(wanted) and sorted(map(identity, ended)) == sorted(wanted)
    for place, name in enumerate(workers.started):
        assert wanted[name].needs() <= set(workers.started[:place])


def test_seeds_come_one_after_the_other(make_scheduler):
    workers = MadeWorkers(1)
    make_scheduler(workers)[0].until_end(Interruption(), lambda run: None)
    assert [seed for seed, _, _ in workers.started] == sorted(seed for seed, _, _ in workers.started)


def test_a_failure_holds_up_only_what_needs_it(make_scheduler):
    workers = MadeWorkers(2, failing={(0, TRAIN, "stage4")})
    scheduler, _ = make_scheduler(workers)
    assert [str(failure) for failure in scheduler.until_end(Interruption(), lambda run: None)] == [
        "seed 0, train stage4"]
    held_up = {(0, TRAIN, "control"), (0, LABEL, "stage4"), (0, LABEL, "control")}
    assert {identity(run) for run in scheduler.runs} - set(workers.started) == held_up


def test_a_run_whose_machine_is_lost_goes_to_another(make_scheduler, capsys):
    lost = [(0, TRAIN, "stage2"), (1, TRAIN, "stage1")]
    workers, ended = MadeWorkers(3, losing=lost), []
    scheduler, _ = make_scheduler(workers)
    assert scheduler.until_end(Interruption(), ended.append) == []
    assert sorted(map(identity, ended)) == sorted(map(identity, scheduler.runs))
    assert sorted(workers.started) == sorted([*map(identity, scheduler.runs), *lost])
    assert capsys.readouterr().out.count("study: gone is left out\n") == 1


def test_a_study_without_a_machine_left_fails(make_scheduler):
    workers, ended = MadeWorkers(1, losing=[(0, TRAIN, "stage2")]), []
    failure, = make_scheduler(workers)[0].until_end(Interruption(), ended.append)
    assert str(failure).startswith("no machine is left of those that the study was given (gone); ")
    assert [identity(run) for run in ended] == [(0, NETS, ""), (0, TRAIN, "stage1")]


def test_what_is_trained_is_not_trained_again(make_scheduler):
    workers = MadeWorkers(2)
    _, folder = make_scheduler(workers)
    for stage in ("stage1", "stage2", "stage3"):
        folder.seed(1).stage(stage).mkdir()
        (folder.seed(1).stage(stage) / "final.caffemodel").touch()
    make_scheduler(workers)[0].until_end(Interruption(), lambda run: None)
    assert [name for name in workers.started if name[0] == 1] == [
        (1, NETS, ""), (1, LABEL, "stage3"), (1, TRAIN, "stage4"), (1, LABEL, "stage4"), (1, TRAIN, "control"),
        (1, LABEL, "control")]


class SlowWorkers(MadeWorkers):
    """One worker that trains an iteration from look to look, and writes it to the log of its stage."""

    def __init__(self, folder):
        super().__init__(1)
        self.folder = folder

    def ended(self):
        run, = self.running
        if run.kind != TRAIN:
            return super().ended()
        log = TrainingLog(self.folder.seed(run.seed).stage(run.stage) / "log.jsonl", 4)
        last = max((record["iteration"] for record in log.records), default=0)
        if last == 4:
            return super().ended()
        log.append("train", last + 1)
        return []


def test_progress_counts_iterations_before_their_stage_has_ended(make_scheduler, monkeypatch, capsys):
    _, folder = make_scheduler(MadeWorkers(1))
    monkeypatch.setattr(scheduler_module, "SECONDS_BETWEEN_COUNTS", -1)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", -1)
    stage = folder.seed(0).stage("stage1")
    stage.mkdir()
    TrainingLog(stage / "log.jsonl", None).append("train", 2)  # of a study that was interrupted
    scheduler, _ = make_scheduler(SlowWorkers(folder), ["cnn"])
    assert scheduler.until_end(Interruption(), lambda run: None) == []
    # Of each seed: the nets, three stages of four iterations, and the labels.
    counts = [int(line.split()[1]) for line in capsys.readouterr().out.splitlines()]
    assert counts == list(range(3, 1 + 2 * (1 + 3 * 4 + 1)))


def test_a_damaged_log_counts_as_nothing_and_is_its_runs_affair(make_scheduler):
    _, folder = make_scheduler(MadeWorkers(1))
    folder.seed(0).stage("stage1").mkdir()
    (folder.seed(0).stage("stage1") / "log.jsonl").write_text("{\n")
    assert not any(make_scheduler(MadeWorkers(1))[0].counted.values())


def test_commands_name_the_seeds_configuration_and_folder(make_scheduler):
    scheduler, folder = make_scheduler(MadeWorkers(1))
    runs = {identity(run): run for run in scheduler.runs}
    build = ["--config", str(folder.config(1)), "--build", str(folder.seed(1))]
    assert scheduler.command(runs[1, TRAIN, "stage4"], None)[1:] == [
        "-m", "experiments.train", *build, "--stage", "stage4"]
    assert scheduler.command(runs[1, LABEL, "stage3"], None)[1:] == [
        "-m", "experiments.evaluate_rows", *build, "--split", "val", "--rows", "cnn"]
    elsewhere = scheduler.command(runs[1, TRAIN, "stage4"], "b")
    assert elsewhere[1:5] == ["-m", "experiments.parallel", "--hosts", "b:1"]
    assert elsewhere[6:] == ["experiments.train", *build, "--stage", "stage4"]
