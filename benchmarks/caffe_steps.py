"""Measure an iteration of each stage: `python3 -m benchmarks.caffe_steps --config CONFIG`.

Seconds on the clock and of the processors, and the most memory that Caffe's process took, of `caffe train` with a
configuration's nets at their true size, on images of random pixels, without the dataset and from random weights. Each
stage runs in a process of its own for one iteration and for ITERATIONS more; their difference is what iterations take.
Everything lands below <build>/measure.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import resource
import shutil
import subprocess
import time
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from data_prep.number_types import positive_integer
from data_prep.pairs import Entry
from data_prep.store.lmdb_writer import write_split
from data_prep.store.metadata import write_metadata
from experiments.nets.definitions import nominal_metadata, write_nets
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config
from prototxt.stages import STAGES

IMAGES = 2
GREY = (127.5, 127.5, 127.5)  # the mean of random pixels
GIGABYTE = 1e9


def measure(config, build, stages, iterations):
    """Yield (stage, seconds and processors' seconds per iteration, bytes at the peak).

    Parameters
    ----------
    config : experiments.settings.config.Config
        Of Cityscapes, whose size of images is known beforehand.
    build : pathlib.Path
        A folder for nets, images and snapshots; emptied first.
    stages : sequence of str
    iterations : int
        How many are timed, after a first one.

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
        all_of_them = _train(config, metadata, build, stage, 1 + iterations)
        seconds, processor_seconds = ((more - less) / iterations for more, less in zip(all_of_them[:2], first[:2]))
        yield stage, seconds, processor_seconds, all_of_them[2]


class RandomPair:
    """Loads an image of random pixels and blocks of random labels."""

    def __init__(self, seed, size, classes):
        self.seed, self.size, self.classes = seed, size, classes

    def __call__(self):
        generator, (height, width) = np.random.default_rng(self.seed), self.size
        blocks = generator.integers(0, self.classes, (-(-height // 32), -(-width // 32)), dtype=np.uint8)
        image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
        return image, np.ascontiguousarray(blocks.repeat(32, 0).repeat(32, 1)[:height, :width])


def _train(config, metadata, build, stage, iterations):
    """Return what `run_caffe` does, for so many iterations without the writing of a snapshot."""
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
    """Run a command in a process that has run no other: so the peak of its children is that of this one."""
    began = time.perf_counter()
    status = subprocess.run(words).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return status, time.perf_counter() - began, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--stages", nargs="+", choices=STAGES,
                        default=[name for name, stage in STAGES.items() if not stage.control_of],
                        help="default: all but the control")
    parser.add_argument("--iterations", type=positive_integer, default=2, help="how many are timed (default: 2)")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    build = Path(build_folder(options, config)) / "measure"
    print(f"{'an iteration of':16}{'seconds':>10}{'of processors':>15}{'peak memory':>14}", flush=True)
    for stage, seconds, of_processors, peak in measure(config, build, options.stages, options.iterations):
        print(f"{stage:16}{seconds:>10.1f}{of_processors:>15.1f}{peak / GIGABYTE:>11.1f} GB", flush=True)
    shutil.rmtree(build)
    return 0


if __name__ == "__main__":
    run_command(main)
