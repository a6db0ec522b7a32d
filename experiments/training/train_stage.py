"""Training of one stage, from its start or its newest snapshot to its end."""

import json
from contextlib import nullcontext
from pathlib import Path

from caffe.proto import caffe_pb2

from data_prep.atomic_files import write_atomically
from experiments.mpi.data_parallel import start_alike, tell_caffe
from experiments.mpi.processes import communicator
from experiments.nets.caffemodel import check_fits
from experiments.nets.definitions import generate_nets, image_by_image, read_prototxt, validation_counts
from experiments.nets.device import use_device
from experiments.nets.memory_estimate import check_memory
from experiments.nets.origin import check_training_nets
from experiments.nets.sanity_checks import check_finite, check_not_zero, check_upsampling
from experiments.runtime.several_processes import Work
from experiments.settings.build_paths import BEST, FINAL, OUTCOME, Build, existing
from experiments.training.build_lock import build_lock
from experiments.training.dataset_watch import DatasetWatch
from experiments.training.log import TrainingLog
from experiments.training.provenance import read_origin
from experiments.training.signals import Interruption
from experiments.training.snapshots import Snapshots
from experiments.training.stage_run import StageRun
from experiments.training.stopping import best_round, rounds
from prototxt.learnt import FROM_ZERO, learnt_layers
from prototxt.stages import VARIANTS, find_stage
from python_layers.errors import quiet_errors


def train_stage(config, stage, build):
    """Train a stage from its predecessor's weights, or go on with it.

    Parameters
    ----------
    config : experiments.settings.config.Config
    stage : str
        Of `prototxt.stages.STAGES`, or of `VARIANTS`, whose nets are made here.
    build : pathlib.Path

    Raises
    ------
    FileNotFoundError
        If the nets or the weights that the stage starts from are not there.
    ValueError
        If the nets are of another configuration, those weights belong to another net, or the training diverges.
    RuntimeError
        If another run trains the stage in the build folder, or the dataset changes.
    OSError
        If a file cannot be written.
    Interrupted
        After a snapshot was written.
    """
    build, processes = Build(build), communicator()
    final = build.stage(stage) / FINAL
    if processes.from_first(final.exists()):
        print(f"{stage}: {final} is there, nothing to do")
        return
    own, in_loss = config.of_stage(stage), dict(find_stage(stage).loss_settings)
    print(f"{stage}: net {own.net}, crf {own.crf}{f', in the loss {in_loss}' if in_loss else ''}, "
          f"solver {config.stage(stage)}", flush=True)
    try:
        lock = nullcontext() if processes.rank else build_lock(build.folder, stage)
        with lock, Interruption() as interruption, quiet_errors():
            if stage not in VARIANTS:
                check_training_nets(config, build, stage)
            elif processes.rank == 0:
                generate_nets(config, build, [stage])
            processes.from_first(None)  # has the lock, and has made the nets
            run = _prepare(config, stage, build, interruption)
            interruption.check()
            reason = run.until_end()
            _finish(run, reason, config.stage(stage).patience)
    except OSError as error:
        if error.errno is None:  # a sentence of this program's own
            raise
        raise OSError(f"{error.filename or build} cannot be used ({error.strerror}); the last snapshot is kept. Make "
                      "room there, or make it readable and writable, and start the same command again.") from None


def settings_of(config, stage, build):
    """Return the settings that a stage is trained with.

    They are the configuration's, but that a control takes as many iterations as the stage that it is the control of:
    where that one has ended its iterations are the limit, and `patience` does not end the control before.

    Parameters
    ----------
    config : experiments.settings.config.Config
    stage : str
    build : path

    Returns
    -------
    experiments.settings.config.StageConfig
    """
    settings, other = config.stage(stage), find_stage(stage).control_of
    outcome = None if other is None else Build(build).outcome(other)
    if outcome is None:
        return settings
    print(f"{stage}: takes as many iterations as {other} did, {outcome['iterations']}", flush=True)
    return settings.copy(update={"iterations": outcome["iterations"], "patience": None})


def _prepare(config, stage, build, interruption):
    """Return the stage's run, its solver as it goes on or starts."""
    metadata, processes = build.metadata(), communicator()
    settings = processes.from_first(settings_of(config, stage, build))
    work = Work(settings.batch * settings.iter_size, evenly=True)
    work.check(processes.size)
    if processes.size > 1:
        print(f"{stage}: {processes.size} processes share the {work.images} images of an iteration", flush=True)
    tell_caffe(processes)
    device = use_device()
    writes = processes.rank == 0
    splits = dict.fromkeys(("train", *config.validation.splits))
    watch = DatasetWatch(build.lmdb, splits)
    parameter = read_prototxt(build.net(stage, "solver"), caffe_pb2.SolverParameter)
    nets = [read_prototxt(path, caffe_pb2.NetParameter) for path in (parameter.train_net, *parameter.test_net)]
    start = _start_weights(config, stage, build)
    snapshots = Snapshots(build.stage(stage), read_origin(parameter, nets[0], metadata, build.lmdb, start), writes)
    solver = snapshots.open_solver(parameter, image_by_image(nets[0], work.images), processes)
    if device is None:
        validated = [size for split in config.validation.splits for size in config.net_sizes(metadata.sizes[split])]
        check_memory(solver, parameter.type, config.training_sizes(stage, metadata.sizes["train"]), validated,
                     work.images // processes.size, processes.size_on_machine)
    for net in (solver.net, *solver.test_nets):
        check_upsampling(net)
    solver.test_nets[0].share_with(solver.net)
    restored = snapshots.restore_newest(solver)
    if restored is not None:
        print(f"{stage}: goes on from iteration {restored}", flush=True)
    elif start is not None:
        _copy_weights(solver.net, config, stage, start)
    start_alike(processes, solver.net, restored)
    check_not_zero(solver.net, find_stage(stage).new_layers | FROM_ZERO)
    log = TrainingLog(build.log(stage), restored, writes)
    if log.drop_other_validations(validation_counts(config.validation, metadata)):
        print(f"{stage}: the log's validations were on other images than `validation` names now, so they are dropped; "
              "the best weights are those of a validation from now on", flush=True)
    run = StageRun(solver, settings, config.of_stage(stage), snapshots, log, metadata, watch, interruption)
    run.iteration.begin_at_batch()
    return run


def _start_weights(config, stage, build):
    """Return the path of the weights that a stage starts from, its predecessor's or VGG16's; None for random ones."""
    row = find_stage(stage)
    if row.predecessor is not None:
        return build.weights(row.predecessor)
    if row.from_random or config.initial_weights is None:
        return None
    return existing(Path(config.initial_weights), "weights")


def _copy_weights(net, config, stage, path):
    new_layers = find_stage(stage).new_layers | learnt_layers(config.of_stage(stage).crf.dict())
    copied, new, dropped = check_fits(net, path, new_layers, find_stage(stage).dropped_layers)
    net.copy_from(str(path))
    check_finite(net, path)
    print(f"{stage}: from {path}: {len(copied)} layers copied; new: {', '.join(new) or 'none'}; "
          f"dropped: {', '.join(dropped) or 'none'}", flush=True)


def _finish(run, reason, patience):
    """Note how the stage ended and keep its weights under their final name, which says that it has ended.

    With `patience` in the configuration the best weights are taken: a control's, too, which it does not end, so that
    both are chosen alike.
    """
    best = best_round(rounds(run.log))
    taken = FINAL if patience is None else BEST
    outcome = {"iterations": run.solver.iter, "ended by": reason, "weights": taken,
               "best": {"iteration": best["iteration"], "classes": best["classes"]}}
    if run.snapshots.writes:
        write_atomically(run.snapshots.folder / OUTCOME, json.dumps(outcome, indent=1) + "\n", sync=True)
    final = run.snapshots.keep(run.solver.iter, FINAL)
    print(f"{run.snapshots.folder.name}: ended by {reason}; {final} is of iteration {run.solver.iter}, {BEST} of "
          f"iteration {best['iteration']}; later stages take {taken}")
