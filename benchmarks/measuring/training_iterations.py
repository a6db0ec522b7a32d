"""Seconds of a training iteration of a configuration's stage, on made images and from random weights."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from caffe.proto import caffe_pb2

from benchmarks.measuring.caffe_train import GREY, IMAGES, RandomPair
from data_prep.datasets import DATASETS
from data_prep.pairs import Entry
from data_prep.store.lmdb_writer import write_split
from data_prep.store.metadata import Metadata, write_metadata
from experiments.mpi.data_parallel import start_alike, tell_caffe
from experiments.mpi.processes import communicator
from experiments.nets.definitions import image_by_image, read_prototxt, write_nets
from experiments.nets.device import use_device
from experiments.settings.build_paths import Build
from experiments.training.shared_iteration import SharedIteration
from experiments.training.snapshots import Snapshots

SIZES = {"camvid": (360, 480), "scenes": (120, 160)}
WARM_UP = 2  # iterations: Theano compiles, memory is allocated
TENSORFLOW = Path(__file__).with_name("tensorflow_steps.py")


def make_images(config, folder):
    """Write nets, and LMDBs of random images of a dataset's size with its number of classes; return the `Build`."""
    build, rows = Build(folder), DATASETS[config.dataset].classes
    splits = dict.fromkeys(("train", *config.validation.splits))
    size = SIZES[config.dataset]
    for split in splits:
        build.lmdb.mkdir(parents=True, exist_ok=True)
        write_split(str(build.split(split)), [Entry(f"random{index}", RandomPair(index, size, len(rows)))
                                              for index in range(IMAGES)], split)
    metadata = Metadata(name=config.dataset, classes=list(rows.values()), label_ids=list(rows), mean_bgr=GREY,
                        splits=dict.fromkeys(splits, IMAGES), sizes=dict.fromkeys(splits, [size]), seed=0,
                        subsampling=1)
    write_metadata(str(build.lmdb), metadata)
    write_nets(config, metadata, build, build.nets)
    return build


def time_iterations(config, stage, build, iterations):
    """Time iterations in this process, one of several or alone.

    Returns
    -------
    dict
        ``processes``; ``seconds`` of each timed iteration; and the mean seconds per iteration of its parts: ``update``
        of the weights, and ``sums`` of gradients, waiting included.
    """
    processes, settings = communicator(), config.stage(stage)
    tell_caffe(processes)
    use_device()
    parameter = read_prototxt(build.net(stage, "solver"), caffe_pb2.SolverParameter)
    net = image_by_image(read_prototxt(parameter.train_net, caffe_pb2.NetParameter),
                         settings.batch * settings.iter_size)
    solver = Snapshots(build.stage(stage), None, writes=False).open_solver(parameter, net, processes)
    start_alike(processes, solver.net, None)
    iteration = SharedIteration(solver, settings, config.seed, processes)
    marks, sums = [], []
    for _ in range(WARM_UP + iterations):
        began = time.perf_counter()
        iteration.gradients(lambda net, top: float(net.blobs[top].data))
        computed = time.perf_counter()
        solver.apply_update()
        marks.append((time.perf_counter() - began, time.perf_counter() - computed))
        sums.append(iteration.sum.seconds)
    seconds, updates = zip(*marks[WARM_UP:])
    return {"processes": processes.size, "seconds": seconds, "update": sum(updates) / iterations,
            "sums": (sums[-1] - sums[WARM_UP - 1]) / iterations}


def in_new_processes(words, **variables):
    """Run `benchmarks.training` with these arguments, and return the JSON object that it prints last.

    Parameters
    ----------
    words : sequence of str
    variables : str or None
        Environment variables; None for one that is left out.
    """
    return _last_line([sys.executable, "-m", "benchmarks.training", *words], variables)


def tensorflow_seconds(config, stage, classes, packages, threads, iterations):
    """Return the seconds of TensorFlow's steps on the same net, batch and optimiser, with the softmax loss.

    Parameters
    ----------
    packages : path
        Folder that benchmarks/tensorflow.requirements was installed into.
    """
    settings = config.stage(stage)
    height, width = config.stage_augmentation(stage).crop or SIZES[config.dataset]
    words = dict(width=config.net.width, classes=classes, dropout=config.net.dropout, height=height,
                 width_of_image=width, batch=settings.batch, base_lr=settings.base_lr,
                 weight_decay=settings.weight_decay, threads=threads, warm_up=WARM_UP, iterations=iterations)
    # Without the site's packages (-S), of which some do not fit TensorFlow's NumPy.
    return _last_line([sys.executable, "-S", str(TENSORFLOW), json.dumps(words)],
                      {"PYTHONPATH": str(packages), "OMP_NUM_THREADS": str(threads)})


def _last_line(command, variables):
    environment = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    done = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ended with status {done.returncode}; the lines above say why.")
    return json.loads(done.stdout.splitlines()[-1])
