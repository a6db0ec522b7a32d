"""Train one stage: `python3 -m experiments.train --config CONFIG --stage 1|2|3|4|control`.

A stage ends at its limit of iterations or, where the configuration sets `patience`, when the IoU over classes on the
validation split has not risen for so many validations. Below <build>/<stage>:

  final.caffemodel   the weights at the end
  best.caffemodel    those of the highest IoU at a validation, that of iteration 0 apart
  outcome.json       why it ended, and which of the two later stages and the evaluation take: with `patience` the best,
                     as the last ones are those that no longer rose; without it the final ones
  log.jsonl          losses and scores

Started again, it goes on from the newest valid snapshot; what is passed over is named. One run at a time trains in a
build folder.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json
from contextlib import nullcontext
from pathlib import Path

from caffe.proto import caffe_pb2

from data_prep.store.metadata import read_metadata
from experiments.mpi.data_parallel import start_alike, tell_caffe
from experiments.mpi.processes import communicator
from experiments.nets.caffemodel import check_fits
from experiments.nets.definitions import read_prototxt
from experiments.nets.device import use_device
from experiments.nets.memory_estimate import check_memory
from experiments.nets.sanity_checks import check_not_zero, check_upsampling
from experiments.runtime.atomic_files import write_atomically
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.build_paths import OUTCOME, existing, weights_path
from experiments.settings.config import PREDECESSOR, STAGES, load_config
from experiments.training.build_lock import build_lock
from experiments.training.dataset_watch import DatasetWatch
from experiments.training.log import TrainingLog
from experiments.training.provenance import read_origin
from experiments.training.signals import Interrupted, Interruption
from experiments.training.snapshots import Snapshots
from experiments.training.stage_run import BEST, FINAL, StageRun
from experiments.training.stopping import best_round, rounds
from python_layers.errors import quiet_errors

# Layers that a stage adds to its predecessor's net; their scores start at zero.
NEW_LAYERS = {"stage1": {"score_fr", "upscore32"}, "stage2": {"score_pool4", "upscore2", "upscore16"},
              "stage3": {"score_pool3", "upscore_pool4", "upscore8"}, "stage4": set(), "control": set()}
# Layers of its predecessor's net that a stage has not.
OLD_LAYERS = {"stage2": {"upscore32"}, "stage3": {"upscore16"}}


def train_stage(config, stage, build):
    """Train a stage from its predecessor's weights, or go on with it.

    Parameters
    ----------
    config : experiments.settings.config.Config
    stage : str
        One of `experiments.settings.config.STAGES`.
    build : pathlib.Path

    Raises
    ------
    FileNotFoundError
        If the nets or the weights that the stage starts from are not there.
    ValueError
        If those weights belong to another net, or the training diverges.
    RuntimeError
        If another run trains in the build folder, or the dataset changes.
    OSError
        If a file cannot be written.
    Interrupted
        After a snapshot was written.
    """
    final, processes = build / stage / FINAL, communicator()
    if processes.from_first(final.exists()):
        print(f"{stage}: {final} is there, nothing to do")
        return
    print(f"{stage}: net {config.net}, crf {config.crf}, solver {config.stage(stage)}", flush=True)
    try:
        lock = nullcontext() if processes.rank else build_lock(build, stage)
        with lock, Interruption() as interruption, quiet_errors():
            processes.from_first(None)  # has the lock
            run = _prepare(config, stage, build, interruption)
            interruption.check()
            reason = run.until_end()
            _finish(run, reason, config.stage(stage).patience)
    except OSError as error:
        if error.errno is None:  # a sentence of this program's own
            raise
        raise OSError(f"{error.filename or build} cannot be used ({error.strerror}); the last snapshot is kept. Make "
                      "room there, or make it readable and writable, and start the same command again.") from None


def _prepare(config, stage, build, interruption):
    """Return the stage's run, its solver as it goes on or starts."""
    metadata, processes = read_metadata(build / "lmdb"), communicator()
    tell_caffe(processes)
    device = use_device()
    writes = processes.rank == 0
    watch = DatasetWatch(build / "lmdb")
    parameter = read_prototxt(build / "nets" / stage / "solver.prototxt", caffe_pb2.SolverParameter)
    nets = [read_prototxt(path, caffe_pb2.NetParameter) for path in (parameter.train_net, *parameter.test_net)]
    start = _start_weights(config, stage, build)
    snapshots = Snapshots(build / stage, read_origin(parameter, nets[0], metadata, build / "lmdb", start), writes)
    solver = snapshots.open_solver(parameter)
    if device is None:
        check_memory(solver, parameter.type, [size for split in ("train", "val") for size in metadata.sizes[split]])
    for net in (solver.net, *solver.test_nets):
        check_upsampling(net)
    solver.test_nets[0].share_with(solver.net)
    restored = snapshots.restore_newest(solver)
    if restored is not None:
        print(f"{stage}: goes on from iteration {restored}", flush=True)
    elif start is not None:
        _copy_weights(solver.net, stage, start)
    start_alike(processes, solver.net, restored)
    check_not_zero(solver.net, NEW_LAYERS[stage])
    log = TrainingLog(build / stage / "log.jsonl", restored, writes)
    return StageRun(solver, config.stage(stage), config, snapshots, log, metadata, watch, interruption)


def _start_weights(config, stage, build):
    """Return the path of the weights that a stage starts from, its predecessor's or VGG16's; None for random ones."""
    if PREDECESSOR[stage] is not None:
        return weights_path(build, PREDECESSOR[stage])
    return None if config.initial_weights is None else existing(Path(config.initial_weights), "weights")


def _copy_weights(net, stage, path):
    copied, new, dropped = check_fits(net, path, NEW_LAYERS[stage], OLD_LAYERS.get(stage, set()))
    net.copy_from(str(path))
    print(f"{stage}: from {path}: {len(copied)} layers copied; new: {', '.join(new) or 'none'}; "
          f"dropped: {', '.join(dropped) or 'none'}", flush=True)


def _finish(run, reason, patience):
    """Note how the stage ended and keep its weights under their final name, which says that it has ended."""
    best = best_round(rounds(run.log))
    taken = FINAL if patience is None else BEST
    outcome = {"iterations": run.solver.iter, "ended by": reason, "weights": taken,
               "best": {"iteration": best["iteration"], "classes": best["classes"]}}
    if run.snapshots.writes:
        write_atomically(run.snapshots.folder / OUTCOME, json.dumps(outcome, indent=1) + "\n")
    final = run.snapshots.keep(run.solver.iter, FINAL)
    print(f"{run.snapshots.folder.name}: ended by {reason}; {final} is of iteration {run.solver.iter}, {BEST} of "
          f"iteration {best['iteration']}; later stages take {taken}")


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--stage", required=True, choices=("1", "2", "3", "4", "control"))
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    stage = options.stage if options.stage in STAGES else f"stage{options.stage}"
    try:
        train_stage(config, stage, build_folder(options, config))
    except Interrupted as interrupted:
        print(f"{stage}: interrupted; the same command goes on from the last snapshot")
        return interrupted.status
    return 0


if __name__ == "__main__":
    run_command(main)
