"""The row that photographs are labelled with: the best candidate on the scored split, found by hand."""

import numpy as np
import pytest

from experiments.prediction.own_lambda import trained_row
from experiments.prediction.row_labels import label_rows
from experiments.scoring.metrics import scores
from experiments.scoring.result_rows import find_rows
from tests.experiments.studies.tiny_study import make_study

CANDIDATES = ["joint-balanced-1", *(f"joint-balanced-1-lam{lam}" for lam in (5, 10, 20))]


def test_the_best_candidate_labels_and_missing_ones_are_named(experiment, capsys):
    config, build = experiment
    folder, _ = make_study(config, build, [3], CANDIDATES)
    (own,), build = find_rows(["joint-balanced-1-own"]), folder.seed(3)
    assert [row.key for row in own.candidates] == CANDIDATES
    for row in own.candidates[:-1]:
        label_rows(config, build, [row], "val")
    with pytest.raises(FileNotFoundError, match="joint-balanced-1-lam20 is not labelled on val .*evaluate_rows"):
        trained_row(config, build, own)
    label_rows(config, build, [own.candidates[-1]], "val")
    sums = [np.load(build.row_confusions("val", key))["confusion"].sum(axis=0) for key in CANDIDATES]
    ious = [scores(confusion, range(3), range(3)).classes for confusion in sums]
    assert len(set(ious)) > 1
    assert trained_row(config, build, own).key == CANDIDATES[int(np.argmax(ious))] in capsys.readouterr().out


def test_other_rows_label_themselves(experiment):
    config, build = experiment
    row, = find_rows(["joint"])
    assert trained_row(config, build, row) is row
