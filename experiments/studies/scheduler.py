"""The order in which a study's runs are handed to processes, until all have ended."""

import functools
import time

from data_prep.progress import Progress
from experiments.settings.build_paths import FINAL, LOG
from experiments.studies.plan import LABEL, NETS, TRAIN, identity
from experiments.studies.workers import Failure, Unreachable, python_module
from experiments.training.log import read_log

# So many images are labelled in about the time of an iteration of training, for the time left.
IMAGES_PER_ITERATION = 5
SECONDS_BETWEEN_COUNTS = 5


class Scheduler:
    """Hands runs out, those of the first seeds first.

    Parameters
    ----------
    runs : list of experiments.studies.plan.Run
    folder : experiments.studies.folders.StudyFolder
    configs : dict of int to experiments.settings.config.Config
        Of each seed.
    results : dict of str to experiments.studies.results.Results
        Of each split.
    workers : experiments.studies.workers.Workers
    mpi_options : str
        More options of mpirun, which starts runs on other machines.
    """

    def __init__(self, runs, folder, configs, results, workers, mpi_options=""):
        self.runs, self.folder, self.configs, self.results, self.workers = runs, folder, configs, results, workers
        self.mpi_options = mpi_options
        self.done = {identity(run) for run in runs if self._is_done(run)}
        unfinished = {run.seed for run in runs if run.kind != NETS and not self._is_done(run)}
        self.waiting = [run for run in runs if run.seed in unfinished and not self._is_done(run)]
        self.failures, self.left_out = [], set()
        self.counted = {run: self._so_far(run) for run in self.waiting}  # as done, in iterations

    def until_end(self, interruption, ended):
        """Do all runs.

        Parameters
        ----------
        interruption : experiments.training.signals.Interruption
        ended : callable
            Called with each run that has ended well.

        Returns
        -------
        list of experiments.studies.workers.Failure
            Of the runs that failed; what needs them was not done. The last one says so where no machine was left.
        """
        total = sum(map(self._size, self.runs))
        left = sum(self._size(run) - self.counted[run] for run in self.waiting)
        with Progress("study", total - left, total, "step") as progress:
            looked = time.monotonic()
            while self._hand_out() or self.workers.running:
                interruption.check()
                self.workers.wait()
                if time.monotonic() - looked > SECONDS_BETWEEN_COUNTS:
                    for run in self.workers.running:
                        self._count(run, self._so_far(run), progress)
                    looked = time.monotonic()
                for run, failure in self.workers.ended():
                    self._note(run, failure, progress)
                    if failure is None:
                        ended(run)
        if not self.workers.free:
            self.failures.append(Failure(f"no machine is left of those that the study was given "
                                         f"({', '.join(sorted(self.left_out))}); the same command goes on once one of "
                                         "them can be used"))
        return self.failures

    def _hand_out(self):
        """Start what can be started; return whether anything runs."""
        for run in list(self.waiting):
            if self.workers.free and run.needs() <= self.done:
                self.waiting.remove(run)
                self.workers.start(run, functools.partial(self.command, run), self.folder.log(run))
        return bool(self.workers.running)

    def _note(self, run, failure, progress):
        if failure is None:
            self.done.add(identity(run))
            self._count(run, self._size(run), progress)
        elif isinstance(failure, Unreachable):
            self.waiting = sorted([*self.waiting, run], key=self.runs.index)
            if failure.machine not in self.left_out:
                progress.note(str(failure))
            self.left_out.add(failure.machine)
        else:
            self.failures.append(failure)
            progress.note(f"failed: {failure}")

    def _count(self, run, done, progress):
        """Count a run as done up to `done` iterations; what a resumed run trains once more counts once."""
        steps = done - self.counted[run]
        if steps > 0:
            self.counted[run] = done
            progress.advance(run.title, steps)

    def _so_far(self, run):
        """Return the iterations that a run has trained, by the log of its stage."""
        if run.kind != TRAIN:
            return 0
        try:
            records = read_log(self.folder.seed(run.seed).stage(run.stage) / LOG)
        except ValueError:  # the run itself ends with the sentence
            return 0
        return min(self._size(run), max((record["iteration"] for record in records), default=0))

    def command(self, run, place):
        """Return the words of a run's command at a place, a machine or None for this one."""
        module = functools.partial(python_module, place, self.mpi_options)
        build = self.folder.seed(run.seed)
        experiment = ("--config", self.folder.config(run.seed), "--build", build)
        if run.kind == NETS:
            return module("experiments.generate_nets", *experiment)
        if run.kind == TRAIN:
            return module("experiments.train", *experiment, "--stage", run.stage)
        return module("experiments.evaluate_rows", *experiment, "--split", run.split,
                      "--rows", *(row.key for row in run.rows))

    def _is_done(self, run):
        build = self.folder.seed(run.seed)
        if run.kind == TRAIN:
            return (build.stage(run.stage) / FINAL).exists()
        return run.kind == LABEL and not any([self.results[run.split].missing(run.seed, row) for row in run.rows])

    def _size(self, run):
        """Return how much work a run is, in iterations."""
        if run.kind == TRAIN:
            return self.configs[run.seed].stage(run.stage).iterations
        if run.kind == LABEL:
            images = self.results[run.split].metadata.splits[run.split] * len(run.rows)
            return max(1, images // IMAGES_PER_ITERATION)
        return 1
