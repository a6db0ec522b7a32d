"""Train one stage: `python3 -m experiments.train --config CONFIG --stage 1|2|3|4|control`.

Started again, it goes on from the newest snapshot. The weights end in <build>/<stage>/final.caffemodel, the log in
<build>/<stage>/log.jsonl.
"""

import os
import signal
import time
from pathlib import Path

import caffe
import numpy as np

from data_prep.metadata import VOID, read_metadata
from experiments.build_files import existing, weights_path
from experiments.command_line import build_folder, experiment_parser, run_command
from experiments.config import PREDECESSOR, STAGES, load_config
from experiments.net_checks import check_not_zero, check_upsampling
from experiments.progress import Progress
from experiments.snapshots import check_fits, check_solver_state, remove_old_snapshots, snapshots
from experiments.training_log import TrainingLog
from experiments.validation import validate

LOG_EVERY = 20
# Layers that a stage adds to its predecessor's net; their scores start at zero.
NEW_LAYERS = {"stage1": {"score_fr", "upscore32"}, "stage2": {"score_pool4", "upscore2", "upscore16"},
              "stage3": {"score_pool3", "upscore_pool4", "upscore8"}, "stage4": set(), "control": set()}


class Interrupted(Exception):
    """SIGINT or SIGTERM came; holds the signal's number."""


def train_stage(config, stage, build):
    """Train a stage from its predecessor's weights, or go on with it.

    Parameters
    ----------
    config : experiments.config.Config
    stage : str
        One of `experiments.config.STAGES`.
    build : pathlib.Path

    Raises
    ------
    FileNotFoundError
        If the nets or the predecessor's weights are not there.
    ValueError
        If weights or a solver state belong to another net, or the loss is not finite.
    Interrupted
        After a snapshot was written.
    """
    folder = build / stage
    final = folder / "final.caffemodel"
    if final.exists():
        print(f"{stage}: {final} is there, nothing to do")
        return
    settings, metadata = config.stage(stage), read_metadata(build / "lmdb")
    print(f"{stage}: net {config.net}, crf {config.crf}, solver {settings}")
    solver = _open_solver(build / "nets" / stage / "solver.prototxt")
    _initialise(solver, stage, config.initial_weights, build)
    check_not_zero(solver.net, NEW_LAYERS[stage])
    log = TrainingLog(folder / "log.jsonl", solver.iter)
    run = StageRun(solver, settings, config.seed, log, metadata)
    try:
        run.until_end(folder)
    except Interrupted:
        solver.snapshot()
        raise
    _save(solver.net, final)


def _open_solver(path):
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}; run `make nets` with the same DATASET first.")
    solver = caffe.get_solver(str(path))
    for net in (solver.net, *solver.test_nets):
        check_upsampling(net)
    solver.test_nets[0].share_with(solver.net)
    return solver


def _initialise(solver, stage, initial_weights, build):
    """Load the newest snapshot of a stage, or else what it starts from: its predecessor's weights or VGG16's."""
    found = snapshots(build / stage)
    if found:
        _, newest = found[0]
        check_solver_state(solver.net, newest)
        solver.restore(str(newest))
        print(f"{stage}: goes on from {newest}")
        return
    if PREDECESSOR[stage] is not None:
        weights = weights_path(build, PREDECESSOR[stage])
    elif initial_weights is not None:
        weights = existing(Path(initial_weights), "weights")
    else:
        return
    copied, new, dropped = check_fits(solver.net, weights, NEW_LAYERS[stage])
    solver.net.copy_from(str(weights))
    print(f"{stage}: from {weights}: {len(copied)} layers copied; new: {', '.join(new) or 'none'}; "
          f"dropped: {', '.join(dropped) or 'none'}")


def _save(net, path):
    temporary = path.with_name(f".{path.name}")
    net.save(str(temporary))
    os.replace(temporary, path)


class StageRun:
    """Steps a solver, logs and validates."""

    def __init__(self, solver, settings, seed, log, metadata):
        self.solver, self.settings, self.seed = solver, settings, seed
        self.log, self.metadata = log, metadata
        self.signal = self.smoothed_loss = None

    def until_end(self, folder):
        """Step to the stage's last iteration; validate and keep a snapshot at intervals and at the end."""
        iterations, interval = self.settings.iterations, self.settings.validate_every
        previous = {number: signal.signal(number, self._remember) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with Progress(folder.name, self.solver.iter, iterations, "iteration") as progress:
                if self.solver.iter == 0:
                    self._validate(progress)
                while self.solver.iter < iterations:
                    self._step(progress)
                    if self.solver.iter % interval == 0 or self.solver.iter == iterations:
                        self._validate(progress)
                        self.solver.snapshot()
                        remove_old_snapshots(folder)
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _remember(self, number, frame):
        self.signal = number

    def _step(self, progress):
        # Dropout follows from seed and iteration, so that a resumed run draws what an unbroken one draws.
        caffe.set_random_seed(hash((self.seed, self.solver.iter)) & 0x7FFFFFFF)
        begin = time.perf_counter()
        loss = self._accumulate_gradients()
        self.solver.apply_update()
        if self.solver.iter % LOG_EVERY == 0:
            values = {"loss": loss, "seconds": round(time.perf_counter() - begin, 4)}
            if "augmented_error" in self.solver.net.blobs:
                values["augmented_error"] = float(self.solver.net.blobs["augmented_error"].data)
            self.log.append("train", self.solver.iter, **values)
        smoothed = loss if self.smoothed_loss is None else 0.95 * self.smoothed_loss + 0.05 * loss
        self.smoothed_loss = smoothed
        progress.advance(f"loss {smoothed:.4f} a labelled pixel")
        if self.signal is not None:
            raise Interrupted(self.signal)

    def _accumulate_gradients(self):
        """Forward and backward for each batch of the iteration; return the mean loss a labelled pixel.

        In Caffe's own step a loss that is not finite goes on to the backward pass, where max pooling of NaN
        writes outside its memory.
        """
        net, losses = self.solver.net, []
        net.clear_param_diffs()
        for _ in range(self.settings.iter_size):
            net.forward()
            losses.append(self._loss_per_labelled_pixel(net))
            if not np.isfinite(losses[-1]):
                raise ValueError(f"The loss is {losses[-1]} at iteration {self.solver.iter}: the last snapshot is "
                                 "kept; try a lower base_lr.")
            net.backward()
        return float(np.mean(losses))

    def _loss_per_labelled_pixel(self, net):
        loss = float(net.blobs["loss"].data)
        if not self.settings.normalise:
            loss /= max(1, np.count_nonzero(net.blobs["label"].data != VOID))
        return loss

    def _validate(self, progress):
        scores = validate(self.solver.test_nets[0], self.metadata)
        self.log.append("validation", self.solver.iter, **scores)
        progress.note(f"validation at {self.solver.iter}: IoU over classes {scores['classes']:.2f} %, "
                      f"over categories {scores['categories']:.2f} %, confidence {scores['confidence']:.3f}")


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--stage", required=True, choices=("1", "2", "3", "4", "control"))
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    stage = options.stage if options.stage in STAGES else f"stage{options.stage}"
    try:
        train_stage(config, stage, build_folder(options, config))
    except Interrupted as interruption:
        number = interruption.args[0]
        print(f"{stage}: interrupted, a snapshot is written; the same command goes on from it")
        return 128 + number
    return 0


if __name__ == "__main__":
    run_command(main)
