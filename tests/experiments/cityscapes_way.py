"""Frames in Cityscapes' layout through preparation, all stages, evaluation and the official scores."""

import json

import yaml

from data_prep.__main__ import main as data_prep
from data_prep.records import open_records
from experiments import evaluate, generate_nets, official_evaluation, train
from experiments.config import STAGES
from experiments.rows import ROWS
from experiments.training_log import read_log
from tests.cityscapes_tree import make_tree

STAGE = dict(base_lr=1e-9, iterations=2, momentum=0.99, mirror=False, normalise=False, validate_every=1, patience=2)
CONFIG = dict(dataset="cityscapes", crf=dict(iterations=3), stage1=STAGE, stage2=STAGE, stage3=STAGE, stage4=STAGE)
COUNTS = {"train": 3, "val": 2}


def check_the_whole_way(folder, size, net, command):
    """Make a tree of frames of (height, width) `size` and take it through everything with a narrow net.

    Parameters
    ----------
    folder : pathlib.Path
    size : (int, int)
    net : dict
        Of the configuration.
    command : callable
        The fixture that calls a tool's main().
    """
    root, build, config = make_tree(folder / "cityscapes", COUNTS, size), folder / "build", folder / "cityscapes.yaml"
    config.write_text(yaml.safe_dump(dict(CONFIG, net=net)))
    assert data_prep(["--dataset", "cityscapes", "--root", str(root), "--output", str(build / "lmdb"), "--jobs", "1",
                      "--count", *(f"{split}={count}" for split, count in COUNTS.items())]) == 0
    assert open_records(str(build / "lmdb" / "train"))[0][0].shape == (size[0] // 2, size[1] // 2, 3)
    experiment = "--config", config, "--build", build
    assert command(generate_nets.main, *experiment)[0] == 0
    for stage in STAGES:
        status, output, errors = command(train.main, *experiment, "--stage", stage.replace("stage", ""))
        assert status == 0, errors
        assert "later stages take best.caffemodel" in output
        validations = [record for record in read_log(build / stage / "log.jsonl") if record["kind"] == "validation"]
        assert [record["iteration"] for record in validations] == [0, 1, 2]
    status, output, errors = command(evaluate.main, *experiment)
    assert status == 0, errors
    found = json.loads((build / "evaluation-val.json").read_text())
    assert found["details"]["resolution"] == f"half resolution ({size[1] // 2} x {size[0] // 2})"
    status, output, errors = command(official_evaluation.main, *experiment, "--root", root)
    assert status == 0, errors
    official = json.loads((build / "official-evaluation-val.json").read_text())
    assert official["details"]["resolution"] == f"full resolution ({size[1]} x {size[0]})"
    for row in ROWS:
        assert 0 <= found[row.key]["classes"] <= 100 and 0 <= official[row.key]["classes"] <= 100
