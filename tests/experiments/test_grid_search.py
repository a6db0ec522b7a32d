"""The grid search on a tiny net: its scores against labels computed in NumPy, what is kept, and several processes."""

import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
import yaml

from data_prep.store.records import open_records
from experiments import grid_search
from experiments.scoring.metrics import confusion_matrix, scores
from tests.conftest import CLASSES
from tests.theano_crf import twins

GRID = {"alpha": [5, 35], "lam": [0, 0.4], "iterations": [2]}
IMAGES = 5


def set_grid(build, **grid):
    values = yaml.safe_load(build.config.read_text())
    build.config.write_text(yaml.safe_dump({**values, "grid": grid}))


@pytest.fixture
def build(tiny_build):
    set_grid(tiny_build, **GRID)
    return tiny_build


def words(build, *options):
    return ["--config", str(build.config), "--build", str(build.folder), *options]


def search(build, command, *options):
    status, _, error = command(grid_search.main, *words(build, *options))
    assert status == 0, error
    return read(build)


def read(build):
    return json.loads((build.folder / "grid-search-val.json").read_text())


def pairs(build):
    records = open_records(str(build.folder / "lmdb" / "val"))
    return [records[index] for index in range(len(records))]


def probabilities(build, image):
    score = build._scores("stage3", image)
    exponential = np.exp(score - score.max(axis=0))
    return exponential / exponential.sum(axis=0)


def pairwise(image, alpha):
    return twins.contrast_weights(image.transpose(2, 0, 1) / 255, alpha, 0.9, 0.4)


def score_of(build, labels_of):
    confusion = sum(confusion_matrix(truth, labels_of(image), len(CLASSES)) for image, truth in pairs(build))
    return scores(confusion, [entry.name for entry in CLASSES], [entry.category for entry in CLASSES])


def by_parameters(result, *names):
    return {tuple(entry["parameters"][name] for name in names): entry for entry in result["sets"]}


def test_scores_are_those_of_labels_computed_in_numpy(build, command):
    by_set = by_parameters(search(build, command), "alpha", "beta", "lam", "iterations")
    assert set(by_set) == {*itertools.product((5, 35), (0.9,), (0, 0.4), (2,)), (35, 0.9, 2.5, 15)}  # and the paper's
    for alpha in (5, 35):
        expected = score_of(build, lambda image: twins.dual_mm(
            -probabilities(build, image), pairwise(image, alpha), 2)[0])
        entry = by_set[alpha, 0.9, 0.4, 2]
        assert entry["classes"] == pytest.approx(expected.classes, abs=0.05)
        assert entry["categories"] == pytest.approx(expected.categories, abs=0.05)
    assert len({round(entry["classes"], 3) for entry in by_set.values()}) >= 3  # the sets differ


def test_without_smoothness_the_labels_are_those_of_the_cnn(build, command):
    result = search(build, command)
    expected = score_of(build, lambda image: build.cnn_labels("stage3", image)).to_json()
    assert result["cnn"] == expected
    assert by_parameters(result, "alpha", "lam")[5, 0]["classes"] == expected["classes"]


def test_costs_may_be_logarithms(build, command):
    values = yaml.safe_load(build.config.read_text())
    build.config.write_text(yaml.safe_dump({**values, "crf": {"unary": "-log p"}}))
    entry = by_parameters(search(build, command), "alpha", "lam", "iterations")[35, 0.4, 2]
    expected = score_of(build, lambda image: twins.dual_mm(
        -np.log(probabilities(build, image) + 1e-6), pairwise(image, 35), 2)[0])
    assert entry["classes"] == pytest.approx(expected.classes, abs=0.05)


def test_gamma_ranks_sets_of_equal_labels_by_their_bound(build, command):
    set_grid(build, alpha=[35], lam=[0.4], gamma=[0.05, 0.5])
    by_set = by_parameters(search(build, command), "alpha", "lam", "gamma")
    for gamma in (0.05, 0.5):
        bound, labelled = 0, 0
        for image, truth in pairs(build):
            unary = -probabilities(build, image)
            weights = pairwise(image, 35)
            augmented = unary - gamma * (np.arange(3)[:, None, None] != truth) * (truth != 255)
            labels = twins.dual_mm(augmented, weights, 15)[0]
            bound += twins.ssvm_loss(unary, weights, truth, labels, gamma, 255) / gamma
            labelled += np.count_nonzero(truth != 255)
        assert by_set[35, 0.4, gamma]["bound"] == pytest.approx(100 * bound / labelled, rel=0.02)
    narrow, wide = by_set[35, 0.4, 0.05], by_set[35, 0.4, 0.5]
    assert narrow["classes"] == wide["classes"] and narrow["bound"] != wide["bound"]
    ranks = [entry["parameters"]["gamma"] for entry in read(build)["sets"] if entry["parameters"]["lam"] == 0.4]
    assert ranks == sorted((0.05, 0.5), key=lambda gamma: by_set[35, 0.4, gamma]["bound"])


class Handed:
    """Notes the work that is done: image to sets."""

    def __init__(self, monkeypatch):
        self.jobs, score = {}, grid_search._score

        def noted(unaries, index, sets, decode):
            self.jobs[index] = sets
            return score(unaries, index, sets, decode)
        monkeypatch.setattr(grid_search, "_score", noted)


def test_goes_on_where_it_was_interrupted(build, command, monkeypatch):
    whole = search(build, command)
    for path in build.folder.glob("grid-search-*"):
        path.unlink()
    add, calls = grid_search.SearchResults.add, []

    def interrupted(self, image, sets, results):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(image)
        add(self, image, sets, results)
    monkeypatch.setattr(grid_search.SearchResults, "add", interrupted)
    assert command(grid_search.main, *words(build))[0] == 130
    assert not (build.folder / "grid-search-val.json").exists()
    monkeypatch.setattr(grid_search.SearchResults, "add", add)
    handed = Handed(monkeypatch)
    assert search(build, command) == whole
    names = open_records(str(build.folder / "lmdb" / "val"))
    assert {names.name(index) for index in handed.jobs} == {names.name(index) for index in range(IMAGES)} - set(calls)


def test_only_further_values_are_tried_and_nothing_twice(build, command, monkeypatch):
    search(build, command)
    handed = Handed(monkeypatch)
    monkeypatch.setattr("experiments.search.cnn_probabilities.Segmenter", None)
    search(build, command)
    assert handed.jobs == {}
    set_grid(build, **{**GRID, "alpha": [5, 20, 35]})
    assert len(search(build, command)["sets"]) == 7
    assert [[tuple(parameters)[:4] for parameters in sets] for sets in handed.jobs.values()] == IMAGES * [
        [(20, 0.9, 0, 2), (20, 0.9, 0.4, 2)]]


def test_a_moved_build_folder_keeps_probabilities_and_results(build, command, monkeypatch):
    before = search(build, command)
    build.folder = build.folder.rename(build.folder.with_name("moved"))
    handed = Handed(monkeypatch)
    monkeypatch.setattr("experiments.search.cnn_probabilities.Segmenter", None)
    assert search(build, command) == before
    assert handed.jobs == {}


def test_other_weights_give_other_costs_and_results(build, command):
    before = search(build, command)
    (build.folder / "stage3" / "final.caffemodel").write_bytes(
        (build.folder / "control" / "final.caffemodel").read_bytes())
    after = search(build, command)
    expected = score_of(build, lambda image: build.cnn_labels("control", image)).to_json()
    assert after["cnn"] == expected != before["cnn"]
    assert by_parameters(after, "alpha", "lam")[5, 0]["classes"] == expected["classes"]


def test_the_best_set_is_written_into_the_configuration_on_request(build, command):
    build.config.write_text("# of a test\n" + build.config.read_text())
    before = build.config.read_text()
    best = search(build, command)["best"]["parameters"]
    assert build.config.read_text() == before
    search(build, command, "--write")
    assert build.config.read_text().startswith("# of a test\n")
    assert yaml.safe_load(build.config.read_text())["crf"] == best
    assert yaml.safe_load(build.config.read_text())["grid"] == GRID


def environment(**more):
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


def on_two(build, *options):
    """Words of the command that searches on two processes."""
    return [sys.executable, "-m", "experiments.parallel", *(options or ("--processes", "2")), "experiments.grid_search",
            *words(build)]


@pytest.fixture
def remote_shell(tmp_path):
    """Stands in for ssh: every machine is this one."""
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\nshift\nexec sh -c "$*"\n')
    shell.chmod(0o755)
    return shell


@pytest.mark.parametrize("machines", [1, 2])
def test_two_processes_give_the_same_table(build, command, remote_shell, machines):
    status, alone, error = command(grid_search.main, *words(build))
    assert status == 0, error
    result = read(build)
    for path in build.folder.glob("grid-search-val.*"):
        path.unlink()
    options = ("--hosts", "here:1,there:1", "--mpirun", f"--mca plm_rsh_agent {remote_shell}") if machines == 2 else ()
    shared = subprocess.run(on_two(build, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment())
    assert (shared.returncode, shared.stderr) == (0, "")
    assert "2 processes" in shared.stdout
    assert read(build) == result
    assert table(shared.stdout) == table(alone)


def table(output):
    return output[output.index("tiny, val"):]


def alive(group):
    """The processes of a group, without those that have ended and wait for their parent."""
    commands = []
    for process in psutil.process_iter(["cmdline", "status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE:
                commands.append(process.info["cmdline"])
    return commands


@pytest.fixture
def long_search(build):
    """Start a search on two processes that takes a minute, and give it once both are at work."""
    set_grid(build, alpha=[5, 10, 20, 35], lam=[0.4], iterations=[300000])
    process = subprocess.Popen(on_two(build), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True, env=environment(PYTHONUNBUFFERED="1"))
    for line in process.stdout:
        if "5 sets" in line:
            break
    time.sleep(1)
    yield process
    process.kill()
    process.communicate()


def await_end_of(process):
    deadline = time.monotonic() + 60
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not alive(process.pid)


def test_sigint_ends_all_in_one_line_and_the_rest_is_done_later(build, command, long_search):
    long_search.send_signal(signal.SIGINT)
    _, error = long_search.communicate(timeout=60)
    assert (long_search.returncode, error) == (130, "interrupted\n")
    await_end_of(long_search)
    set_grid(build, alpha=[5, 10, 20, 35], lam=[0.4], iterations=[3])
    assert len(search(build, command)["sets"]) == 5


def test_a_process_that_is_killed_ends_the_search_with_the_set_it_was_at(build, command, long_search):
    ranks = {}
    for process in psutil.Process(long_search.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.parent().name() == "mpirun":
                ranks[process.environ()["OMPI_COMM_WORLD_RANK"]] = process
    ranks["1"].kill()
    _, error = long_search.communicate(timeout=60)
    assert long_search.returncode == 128 + signal.SIGKILL
    assert re.fullmatch(rf"error: rank 1 on {os.uname().nodename} was killed by signal 9 \(Killed\) while it was at "
                        r"val\d, alpha \d+, beta 0\.9, lam 0\.4, iterations 300000, and so all were ended; the same "
                        r"command goes on from what is saved\.\n", error)
    await_end_of(long_search)


def test_an_error_names_the_image_and_the_set(build, command, monkeypatch):
    dual_mm = grid_search.theano_crf.dual_mm

    def fail(unary, weights, iterations, decode):
        if weights.max() > 1:
            raise MemoryError
        return dual_mm(unary, weights, iterations, decode)
    monkeypatch.setattr("theano_crf.dual_mm", fail, raising=False)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and error.count("\n") == 1
    assert re.match(r"error: Memory ran out at val\d, alpha 35, beta 0\.9, lam 2\.5, iterations 15; take fewer", error)


@pytest.mark.parametrize("grid, words_of_error", [
    ({"alpah": [1]}, "the key 'grid.alpah' is wrong"), ({"beta": [0.9, 0]}, "greater than 0"),
    ({"gamma": [0]}, "greater than 0"), ({"iterations": [0]}, "greater than or equal to 1"),
    ({"lam": "2"}, "'grid.lam' is wrong")])
def test_a_wrong_grid_is_refused(build, command, grid, words_of_error):
    set_grid(build, **grid)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and error.count("\n") == 1 and words_of_error in error
    assert not (build.folder / "unaries").exists()


def test_missing_weights_are_named(build, command):
    (build.folder / "stage3" / "final.caffemodel").unlink()
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and "make train-stage3" in error and error.count("\n") == 1


def test_a_damaged_database_is_named(build, command):
    (build.folder / "grid-search-val.sqlite").write_text("no database\n" * 99)
    status, _, error = command(grid_search.main, *words(build))
    assert status == 1 and "is not readable as the results of a grid search" in error and error.count("\n") == 1
