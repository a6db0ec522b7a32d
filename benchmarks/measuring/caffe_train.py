"""`caffe train` with the nets of a configuration at their true size: seconds and peak memory of an iteration."""

import resource
import shutil
import subprocess
import time
from multiprocessing import get_context

import numpy as np

from data_prep.pairs import Entry
from data_prep.store.lmdb_writer import write_split
from data_prep.store.metadata import write_metadata
from experiments.nets.definitions import nominal_metadata, write_nets
from experiments.settings.build_paths import Build

IMAGES = 2
GREY = (127.5, 127.5, 127.5)  # the mean of random pixels


def measure_stages(config, build, stages, iterations):
    """Yield (stage, seconds and processors' seconds per iteration, bytes at the peak).

    Parameters
    ----------
    config : experiments.settings.config.Config
        Of Cityscapes, whose size of images is known beforehand.
    build : pathlib.Path
        A folder for nets, images and snapshots; emptied first.
    stages : sequence of str
    iterations : int
        Timed, after a first one that is not.

    Raises
    ------
    RuntimeError
        If a process of Caffe fails.
    """
    metadata = nominal_metadata(config.dataset)
    build = Build(build)
    shutil.rmtree(build, ignore_errors=True)
    for split in ("train", "val"):
        build.lmdb.mkdir(parents=True, exist_ok=True)
        entries = [Entry(f"random{index}", RandomPair(index, metadata.sizes[split][0], len(metadata.classes)))
                   for index in range(IMAGES)]
        write_split(str(build.split(split)), entries, split)
    write_metadata(str(build.lmdb), metadata._replace(mean_bgr=GREY))
    for stage in stages:
        first = _train(config, metadata, build, stage, 1)
        longer = _train(config, metadata, build, stage, 1 + iterations)
        seconds, processor_seconds = ((more - less) / iterations for more, less in zip(longer[:2], first[:2]))
        yield stage, seconds, processor_seconds, longer[2]


class RandomPair:
    """Loader of an image of random pixels and blocks of random labels.

    Parameters
    ----------
    seed : int
    size : (int, int)
        Height and width.
    classes : int
        Number of labels.
    """

    def __init__(self, seed, size, classes):
        self.seed, self.size, self.classes = seed, size, classes

    def __call__(self):
        generator, (height, width) = np.random.default_rng(self.seed), self.size
        blocks = generator.integers(0, self.classes, (-(-height // 32), -(-width // 32)), dtype=np.uint8)
        image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        return image, np.ascontiguousarray(blocks.repeat(32, 0).repeat(32, 1)[:height, :width])


def _train(config, metadata, build, stage, iterations):
    """Run iterations of a stage without a snapshot at their end; return what `run_caffe` returns."""
    settings = config.stage(stage).copy(update={"iterations": iterations, "validate_every": 10 ** 6})
    limited = config.copy(update={stage: settings})
    write_nets(limited, metadata, build, build.nets)
    build.stage(stage).mkdir(exist_ok=True)
    solver = build.net(stage, "solver")
    solver.write_text(solver.read_text() + "snapshot_after_train: false\n")
    return run_caffe(solver)


def run_caffe(solver):
    """Run `caffe train` on a solver's file; return (seconds, processors' seconds, bytes at the peak).

    Raises
    ------
    RuntimeError
        If it fails.
    """
    with get_context("spawn").Pool(1) as pool:
        status, *measured = pool.apply(_run_only_child, (["caffe", "train", "-solver", str(solver)],))
    if status:
        raise RuntimeError(f"caffe train -solver {solver} failed with status {status}; its messages are above.")
    return measured


def _run_only_child(words):
    """Run a command from a process that runs no other, so that its children's peak of memory is the command's."""
    began = time.perf_counter()
    status = subprocess.run(words).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, time.perf_counter() - began, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss
