"""The run of one stage: iterations, validation, snapshots, and when it ends."""

import time

import numpy as np

from data_prep.progress import Progress
from experiments.mpi.processes import communicator
from experiments.nets.definitions import validation_counts
from experiments.settings.build_paths import BEST
from experiments.training.shared_iteration import SharedIteration, labelled_pixels
from experiments.training.signals import Interrupted
from experiments.training.stopping import LossWatch, best_round, has_converged, loss_range, rounds
from experiments.training.validation import validate
from prototxt.stages import find_stage
from theano_crf.constants import LARGEST_COST

LOG_EVERY = 20


class Diverged(ValueError):
    """The loss or the weights are no numbers, or the loss has exploded."""


class StageRun:
    """Steps a solver, logs, validates and keeps snapshots; of several processes, all take the same steps.

    Parameters
    ----------
    solver : caffe.Solver
        From `Snapshots.open_solver`; its validation net shares the weights of its training net.
    settings : experiments.settings.config.StageConfig
    config : experiments.settings.config.Config
    snapshots : experiments.training.snapshots.Snapshots
    log : experiments.training.log.TrainingLog
    metadata : data_prep.store.metadata.Metadata
    watch : experiments.training.dataset_watch.DatasetWatch
    interruption : experiments.training.signals.Interruption
    """

    def __init__(self, solver, settings, config, snapshots, log, metadata, watch, interruption):
        self.solver, self.settings, self.snapshots = solver, settings, snapshots
        self.log, self.metadata, self.watch, self.interruption = log, metadata, watch, interruption
        self.validated = validation_counts(config.validation, metadata)
        self.processes = communicator()
        self.iteration = SharedIteration(solver, settings, config.seed, self.processes)
        ignorant, greatest = loss_range(find_stage(snapshots.folder.name).loss, len(metadata.classes), config.crf.gamma)
        self.loss_watch = LossWatch(
            ignorant, next((record["loss"] for record in log.of_kind("train")), None), greatest)

    def until_end(self):
        """Step to the stage's end; validate and keep a snapshot at intervals and at the end.

        A snapshot comes before the validation of its weights, so that a run that is stopped in between repeats that
        validation alone.

        Returns
        -------
        str
            Why it ended.

        Raises
        ------
        Interrupted
            After a snapshot was written.
        Diverged
            If the training has failed; the last snapshot is from before.
        """
        name = self.snapshots.folder.name
        try:
            with Progress(name, self.solver.iter, self.settings.iterations, "iteration") as progress:
                while not self._round_ended(progress):
                    self._step(progress)
        except Interrupted:
            self._snapshot()
            raise
        except Diverged:
            raise
        except MemoryError:
            raise RuntimeError(f"Memory ran out at iteration {self.solver.iter}; the last snapshot is kept. End other "
                               "programs, or take smaller images or fewer processes (NP), and start the same command "
                               "again.") from None
        except Exception:  # of any kind, and raised again: where the dataset is gone, that is the cause to name
            if self._costs_exploded():
                raise self._diverged("A cost of the CRF is infinite or no number") from None
            self.watch.check()
            raise
        if self.solver.iter < self.settings.iterations:
            return f"the IoU on the validation split has not risen for {self.settings.patience} validations"
        return "the limit of iterations"

    def _round_ended(self, progress):
        """At the end of a round of iterations snapshot and validate; return whether the stage has ended too."""
        iteration = self.solver.iter
        if iteration % self.settings.validate_every and iteration < self.settings.iterations:
            return False
        validations = self.log.of_kind("validation")
        if not validations or validations[-1]["iteration"] != iteration:
            self.watch.check()
            self._snapshot()
            self._validate(progress)
        trained = rounds(self.log)
        if trained and best_round(trained)["iteration"] == iteration:
            self.snapshots.keep(iteration, BEST)
        self.snapshots.remove_old(iteration)
        return iteration >= self.settings.iterations or has_converged(trained, self.settings.patience)

    def _step(self, progress):
        begin = time.perf_counter()
        means = self.gradients()
        self.update()
        if self.solver.iter % LOG_EVERY == 0:
            values = {**means, "seconds": round(time.perf_counter() - begin, 4), **learnt_terms(self.solver.net)}
            self._warn_of_clipping(values, progress)
            self.log.append("train", self.solver.iter, **values)
            self.watch.check()
        progress.advance(f"loss {self.loss_watch.smoothed:.4f} per labelled pixel")
        self.interruption.check()

    def _warn_of_clipping(self, values, progress):
        """Say it when entries of a learnt compatibility have been clipped for the first time."""
        if values.get("clipped") and not any(record.get("clipped") for record in self.log.of_kind("train")):
            progress.note(f"{values['clipped']} entries of the learnt compatibility have fallen below 0 and are set to "
                          "0, the least that is allowed")

    def gradients(self):
        """Put the gradients of the iteration's images into the net; return `SharedIteration.gradients`' means.

        Of several processes each has its share of the images; gradients and means are those of all of them.
        """
        means = self.iteration.gradients(self._per_labelled_pixel)
        try:
            self.loss_watch.add(means["loss"])
        except FloatingPointError as error:
            raise self._diverged(f"The loss {error}") from None
        return means

    def update(self):
        """Change the weights by the gradients that are in the net, and count the iteration."""
        self.solver.apply_update()

    def _per_labelled_pixel(self, net, top):
        value = float(net.blobs[top].data)
        if not self.settings.normalise and top != "augmented_error":  # which is a share of these pixels
            value /= max(1, labelled_pixels(net))
        return value

    def _snapshot(self):
        """Write a snapshot, unless there is one of this iteration or the weights are no numbers."""
        if self.snapshots.saved == self.solver.iter:
            return
        for name, blobs in self.solver.net.params.items():
            if not all(np.isfinite(blob.data).all() for blob in blobs):
                raise self._diverged(f"A weight of {name} is not finite")
        with self.iteration.counted_in_batches():
            self.snapshots.save(self.solver)
        self.processes.from_first(None)  # has written it

    def _costs_exploded(self):
        """Return whether a net's unary or pairwise costs are beyond those that the CRF takes."""
        costs = [net.blobs[name].data for net in (self.solver.net, *self.solver.test_nets)
                 for name in ("unary", "weights") if name in net.blobs]
        return not all((np.abs(values) <= float(LARGEST_COST)).all() for values in costs)

    def _diverged(self, what):
        kept = self.snapshots.iterations(self.solver.iter)
        return Diverged(f"{what} at iteration {self.solver.iter}: the training has diverged; the snapshot of "
                        f"iteration {kept[0]} is kept. Try a lower base_lr than {self.settings.base_lr:g} in the "
                        "configuration, with `make nets` and the same command again: the stage then begins anew.")

    def _validate(self, progress):
        scores = validate(self.solver.test_nets[0], self.metadata, self.validated, self.interruption.check)
        self.log.append("validation", self.solver.iter, images=self.validated, **scores,
                        **learnt_terms(self.solver.net))
        classes, categories = _percent(scores["classes"]), _percent(scores["categories"])
        further = "".join(f"; {split}: {_percent(of_split['classes'])}"
                          for split, of_split in scores.get("further", {}).items())
        progress.note(f"validation at {self.solver.iter}: IoU over classes {classes}, over categories {categories}, "
                      f"confidence {scores['confidence']:.3f}{further}")


def learnt_terms(net):
    """Return what a net's learnt terms have become, for the log.

    Returns
    -------
    dict
        Where the contrast is learnt ``alpha``, ``beta`` and ``lam``, a list of D; where the compatibility is learnt
        ``clipped``, the number of its entries that had fallen below 0.
    """
    learnt = {}
    for layer in net.layers:
        if hasattr(layer, "contrast"):
            learnt.update(layer.contrast.learnt or {})
        elif hasattr(layer, "compatibility") and layer.compatibility.is_learnt:
            learnt["clipped"] = layer.compatibility.clipped
    return learnt


def _percent(score):
    return "unknown" if score is None else f"{score:.2f} %"
