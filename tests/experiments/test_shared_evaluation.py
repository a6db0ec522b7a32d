"""Evaluation, prediction and unaries by several processes under the real mpirun: the same as by one."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from data_prep.store.metadata import read_metadata
from data_prep.store.records import open_records
from experiments.search.cnn_probabilities import Probabilities


def run(processes, module, *arguments):
    """Return (status, stdout, stderr) of a module on several processes."""
    done = subprocess.run(
        [sys.executable, "-m", "experiments.parallel", "--processes", str(processes), module, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=600)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("processes", [2, 3])
def test_scores_are_those_of_one_process(tiny_build, processes):
    arguments = ("experiments.evaluate", "--config", tiny_build.config, "--build", tiny_build.folder,
                 "--rows", "joint-100")
    shutil.copytree(tiny_build.folder / "stage4", tiny_build.folder / "joint-lam5")  # a trained variant, shown unasked
    labelled = tiny_build.folder / "rows" / "val" / "joint-100.npz"
    path = tiny_build.folder / "evaluation-val.json"
    assert run(1, *arguments)[0] == 0
    expected = json.loads(path.read_text())
    path.unlink()
    labelled.unlink()
    status, output, errors = run(processes, *arguments)
    assert labelled.exists()
    assert (status, errors) == (0, "") and output.count("CNN + CRF (joint)  ") == 1
    assert json.loads(path.read_text()) == expected
    assert not list(tiny_build.folder.glob("*.partial*"))


def test_photographs_are_shared_out_and_a_bad_one_is_named_once(tiny_build, tmp_path):
    records = open_records(str(tiny_build.folder / "lmdb" / "val"))
    for index in range(4):
        Image.fromarray(records[index][0]).save(tmp_path / f"photo{index}.png")
    (tmp_path / "photo1.png").write_text("no picture")
    photographs = [tmp_path / f"photo{index}.png" for index in range(4)]
    outcomes = {}
    for processes in (1, 3):
        output = tmp_path / str(processes)
        status, text, errors = run(processes, "experiments.predict", "--config", tiny_build.config, "--build",
                                   tiny_build.folder, "--output", output, *photographs)
        assert status == 1 and errors.startswith("error: ") and errors.count("\n") == 1 and "photo1.png" in errors
        files = {path.name: path.read_bytes() for path in output.iterdir()}
        outcomes[processes] = text.replace(str(output), ""), files
    assert outcomes[1] == outcomes[3] and len(outcomes[1][1]) == 7


def test_probabilities_are_those_of_one_process(tiny_build):
    status, output, errors = run(2, "tests.experiments.ranks", "probabilities", tiny_build.folder)
    assert (status, errors) == (0, "")
    files = sorted((tiny_build.folder / "unaries" / "val").iterdir())
    shared = [np.load(path) for path in files]
    assert len(files) == len(json.loads(output.splitlines()[-1])) == 5
    assert all(json.loads(output.splitlines()[-1]))  # every rank sees all of them
    for path in files:
        path.unlink()
    Probabilities(tiny_build.folder, "val", read_metadata(str(tiny_build.folder / "lmdb")), 1)
    for path, expected in zip(files, shared):
        assert np.array_equal(np.load(path), expected)
