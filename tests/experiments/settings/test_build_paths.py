"""The build folder: one object for its paths, and what is said where a file is missing."""

import json
import os
from pathlib import Path

import pytest

from experiments.settings.build_paths import BEST, FINAL, OUTCOME, Build, existing


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path / "scenes")


def write(path, content=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def test_it_is_a_path_and_may_be_made_of_itself(build, tmp_path):
    assert Path(build) == Path(Build(build)) == tmp_path / "scenes"
    assert f"{build}" == os.fspath(build) == str(tmp_path / "scenes")


def test_files_lie_where_the_pages_say(build):
    relative = {path.relative_to(build).as_posix() for path in (
        build.lmdb, build.net("stage3", "solver"), build.evaluation("val"), build.grid_search("val"),
        build.grid_search("val", ".sqlite"), build.submission("joint"), build.report, build.server_score,
        *build.data_files("val"))}
    assert relative == {"lmdb", "nets/stage3/solver.prototxt", "evaluation-val.json", "grid-search-val.json",
                        "grid-search-val.sqlite", "submission-joint.zip", "report", "test-server.yaml",
                        "lmdb/dataset.json", "lmdb/val/data.mdb"}


@pytest.mark.parametrize("ask, target", [
    (lambda build: build.deploy_net(crf=True), "make nets"),
    (lambda build: build.weights("stage3"), "make train-stage3"),
    (lambda build: existing(build.log("stage1"), "train-stage1"), "make train-stage1")])
def test_a_missing_file_names_the_target_that_makes_it(build, ask, target):
    with pytest.raises(FileNotFoundError, match=f"There is no .*{target}.* with the same DATASET first"):
        ask(build)


@pytest.mark.parametrize("taken", [BEST, FINAL])
def test_weights_are_those_that_the_outcome_names(build, taken):
    for name in (BEST, FINAL):
        write(build.stage("stage1") / name)
    assert build.weights("stage1").name == FINAL  # put there by hand, without an outcome
    write(build.stage("stage1") / OUTCOME, json.dumps({"weights": taken, "iterations": 7}))
    assert build.outcome("stage1")["iterations"] == 7 and build.outcome("stage2") is None
    assert build.iterations(["stage1", "stage2"]) == {"stage1": 7, "stage2": None}
    assert build.weights("stage1").name == taken


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"weights": 3, "iterations": 7}', '{"weights": "a"}',
                                     '{"weights": "best.caffemodel", "iterations": "7"}'])
def test_a_damaged_outcome_is_named(build, content):
    write(build.stage("stage1") / FINAL)
    write(build.stage("stage1") / OUTCOME, content)
    with pytest.raises(ValueError, match=f"{OUTCOME} is damaged .*; remove it to take .*{FINAL}"):
        build.weights("stage1")


def test_a_split_that_the_dataset_lacks_is_named(tmp_path, make_dataset):
    make_dataset({"train": [(8, 8)], "val": [(8, 8)]})
    assert Build(tmp_path).metadata("val").splits == {"train": 1, "val": 1}
    with pytest.raises(ValueError, match="The dataset tiny has no split test; its splits are train, val"):
        Build(tmp_path).metadata("test")
