"""Frames in Cityscapes' layout through preparation, all stages, evaluations, grid search, submission and report."""

import io
import json
import zipfile

import numpy as np
import yaml
from PIL import Image

from data_prep.__main__ import main as data_prep
from data_prep.store.records import open_records
from experiments import evaluate, generate_nets, grid_search, official_evaluation, report, submission, train
from experiments.scoring.result_rows import ROWS
from experiments.training.log import read_log
from prototxt.stages import STAGES
from tests.cityscapes_tree import make_tree

STAGE = dict(base_lr=1e-9, iterations=2, momentum=0.99, mirror=False, normalise=False, validate_every=1, patience=2)
CONFIG = dict(dataset="cityscapes", crf=dict(iterations=3), stage1=STAGE, stage2=STAGE, stage3=STAGE, stage4=STAGE,
              grid=dict(alpha=[10, 35], lam=[2.5, 10]))
COUNTS = {"train": 3, "val": 2, "test": 1}


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
        status, output, errors = command(train.main, *experiment, "--stage", stage)
        assert status == 0, errors
        assert "later stages take best.caffemodel" in output
        validations = [record for record in read_log(build / stage / "log.jsonl") if record["kind"] == "validation"]
        assert [record["iteration"] for record in validations] == [0, 1, 2]
    status, output, errors = command(evaluate.main, *experiment)
    assert status == 0, errors
    evaluation = json.loads((build / "evaluation-val.json").read_text())
    assert "on val has chosen the weights of stage1, stage2, stage3, stage4, control," in output
    assert evaluation["details"]["iterations"] == {"stage3": 2, "stage4": 2, "control": 2}
    assert evaluation["details"]["resolution"] == f"half resolution ({size[1] // 2} x {size[0] // 2})"
    status, output, errors = command(official_evaluation.main, *experiment, "--root", root)
    assert status == 0, errors
    official = json.loads((build / "official-evaluation-val.json").read_text())
    assert official["details"]["iterations"] == {"stage3": 2, "stage4": 2, "control": 2}
    assert official["details"]["resolution"] == f"full resolution ({size[1]} x {size[0]})"
    _check_search(json.loads(_read(command, grid_search.main, build / "grid-search-val.json", *experiment)),
                  evaluation["cnn"]["classes"])
    _check_archive(_read(command, submission.main, build / "submission-joint.zip", *experiment, "--root", root,
                         "--subset"), size)
    for row in ROWS:
        assert 0 <= official[f"{row.key}-interpolated"]["classes"] <= 100
        assert 0 <= evaluation[row.key]["classes"] <= 100 and 0 <= official[row.key]["classes"] <= 100
    page = _read(command, report.main, build / "report" / "index.html", *experiment).decode()
    _check_report(page, evaluation, official)


def _check_report(page, evaluation, official):
    row = page.partition("The paper's table 1")[2].partition("CNN + CRF (joint)")[2].partition("</tr>")[0]
    cells = [cell.partition("</td>")[0] for cell in row.split("<td>")[1:]]
    ours = [f"{scores[row][key]:.1f}" for scores, row in ((evaluation, "joint"), (official, "joint"),
                                                          (official, "joint-interpolated"))
            for key in ("classes", "categories")]
    assert cells == ["", "", "✱", "val", "64.4", "81.9", *ours, "", ""]
    assert "Parameter search" in page and "figure3.svg" in page


def _read(command, main, path, *words):
    status, output, errors = command(main, *words)
    assert status == 0, errors
    return path.read_bytes()


def _check_search(search, cnn):
    assert len(search["sets"]) == 2 * 2 + 1  # the paper's set has more iterations
    assert search["cnn"]["classes"] == cnn
    assert search["best"]["classes"] == max(one["classes"] for one in search["sets"])


def _check_archive(content, size):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert len(names) == COUNTS["test"]
        for name in names:
            labels = np.asarray(Image.open(io.BytesIO(archive.read(name))))
            assert labels.shape == size and labels.max() <= 33
