"""Fixtures for several folders of tests: a tiny dataset as LMDBs, and a tool called as by its command line."""

import functools
import multiprocessing
import os
import signal

from experiments.runtime.process_setup import prepare_process

prepare_process()  # as an entry point, before NumPy and Caffe are imported

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from data_prep.pairs import Entry  # noqa: E402
from data_prep.store.lmdb_writer import write_split  # noqa: E402
from data_prep.store.metadata import LabelClass, Metadata, write_metadata  # noqa: E402
from python_layers.prefetch import open_connections  # noqa: E402

# No test shall fail on a slow day.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# Commands that tests start as processes of their own are one process each, unless a test asks for more.
os.environ["NP"] = "1"

# A shell's background job ignores SIGINT, and so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

CLASSES = [LabelClass("road", "flat", (128, 64, 128)), LabelClass("car", "vehicle", (0, 0, 142)),
           LabelClass("bus", "vehicle", (0, 60, 100))]


def random_pair(seed, height, width, classes=len(CLASSES)):
    """Return an image whose colours follow from its labels, with noise, and the labels with some void."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, (-(-height // 8), -(-width // 8)), dtype=np.uint8)
    labels = labels.repeat(8, 0).repeat(8, 1)[:height, :width]
    colours = np.linspace(40, 215, classes)[labels]
    image = np.clip(colours[..., None] + generator.normal(0, 10, (height, width, 3)), 0, 255).astype(np.uint8)
    labels[generator.random(labels.shape) < 0.05] = 255
    return image, labels


@pytest.fixture(autouse=True)
def ended_data_processes():
    """End the processes that read a test's data: pycaffe frees no net with Python layers, so they would stay."""
    before = set(open_connections())
    yield
    for connection in set(open_connections()) - before:
        connection.close()
    multiprocessing.active_children()  # takes note of those that have ended


@pytest.fixture
def make_dataset(tmp_path):
    """Return a function that makes <folder>/lmdb of images of the given (height, width), a list per split."""
    def make(sizes, folder=tmp_path):
        lmdb = folder / "lmdb"
        lmdb.mkdir(parents=True)
        statistics = {}
        for seed, (split, shapes) in enumerate(sizes.items()):
            entries = [Entry(f"{split}{index}", functools.partial(random_pair, 100 * seed + index, *shape))
                       for index, shape in enumerate(shapes)]
            statistics[split] = write_split(str(lmdb / split), entries, split)
        metadata = Metadata(name="tiny", classes=CLASSES, label_ids=list(range(len(CLASSES))),
                            mean_bgr=statistics["train"].mean_bgr,
                            splits={split: written.count for split, written in statistics.items()},
                            sizes={split: written.sizes for split, written in statistics.items()},
                            seed=0, subsampling=1)
        write_metadata(str(lmdb), metadata)
        return metadata
    return make


@pytest.fixture
def command(capsys):
    """Return a function that calls a tool's main() as its command line does: (status, stdout, stderr)."""
    from experiments.runtime.command_line import run_command

    def call(main, *arguments):
        with pytest.raises(SystemExit) as ended:
            run_command(lambda: main([str(argument) for argument in arguments]))
        return (ended.value.code, *capsys.readouterr())
    return call
