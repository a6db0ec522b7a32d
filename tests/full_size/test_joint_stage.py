"""The paper's joint stage at full width on frames of Cityscapes' true size, by Caffe's own command line."""

import psutil
import pytest

from benchmarks.measuring.caffe_train import run_caffe
from data_prep.__main__ import main as data_prep
from experiments.nets.definitions import nominal_metadata, write_nets
from experiments.settings.config import load_config
from tests.cityscapes_tree import make_tree

GIGABYTE = 1e9
MOST = 20 * GIGABYTE
NEEDED = 13 * GIGABYTE


def test_two_iterations_fit_into_memory(tmp_path, tell):
    if psutil.virtual_memory().available < NEEDED:
        pytest.skip(f"{NEEDED / GIGABYTE:.0f} GB of free memory are needed")
    root, build = make_tree(tmp_path / "cityscapes", {"train": 2, "val": 1}, (1024, 2048)), tmp_path / "build"
    assert data_prep(["--dataset", "cityscapes", "--root", str(root), "--output", str(build / "lmdb"), "--jobs", "1",
                      "--count", "train=2", "val=1"]) == 0
    config = load_config("experiments/configs/cityscapes.yaml")
    short = config.copy(update={"stage4": config.stage4.copy(update={"iterations": 2})})
    write_nets(short, nominal_metadata("cityscapes"), build, build / "nets")
    (build / "stage4").mkdir()
    seconds, _, peak = run_caffe(build / "nets" / "stage4" / "solver.prototxt")
    assert (build / "stage4" / "snapshot_iter_2.caffemodel").stat().st_size > 0.5 * GIGABYTE
    assert peak < MOST
    tell(f"two iterations of the paper's joint stage at 1024 x 512: {seconds:.0f} s with start and snapshot, at most "
         f"{peak / GIGABYTE:.1f} GB of memory")
