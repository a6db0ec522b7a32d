"""The results of a study: scores as the evaluation gives them, paired differences, and what is missing."""

import json

import numpy as np
import pytest

from experiments.prediction.evaluation import evaluate
from experiments.prediction.row_labels import label_rows
from experiments.reporting.study_plots import differences_plot
from experiments.scoring.bootstrap import difference_interval, frame_blocks
from experiments.scoring.metrics import scores
from experiments.scoring.result_rows import find_rows
from experiments.studies.results import Results
from tests.experiments.studies.tiny_study import make_study

KEYS = ["cnn", "cnn+crf", "cnn-t3", "joint", "control", "control-x3"]


@pytest.fixture
def study(experiment):
    config, build = experiment
    folder, configs = make_study(config, build, [0, 4], ("stage4", "control", "control-x3"))
    builds = {seed: folder.seed(seed) for seed in configs}
    return config, builds, configs


def label(configs, builds, keys, seeds=(0, 4)):
    for seed in seeds:
        for row in find_rows(keys):
            label_rows(configs[seed], builds[seed], [row], "val")


def results(study):
    config, builds, _ = study
    return Results(config, builds, find_rows(KEYS), "val")


def test_scores_are_those_of_the_evaluation(study):
    _, builds, configs = study
    label(configs, builds, KEYS)
    found = json.loads(json.dumps(results(study).to_json(), allow_nan=False))
    for seed, build in builds.items():
        evaluated = evaluate(configs[seed], build, "val")
        for key in ("cnn", "cnn+crf", "joint", "control"):
            assert found[key][str(seed)] == json.loads(json.dumps(evaluated[key]))
            assert found["details"]["edges"][key][str(seed)] == evaluated["details"]["edges"][key]
    bands = [scores["band"] for scores in found["details"]["edges"]["joint"].values()]
    assert found["details"]["means"]["joint"]["band"]["mean"] == pytest.approx(np.mean(bands))
    assert found["details"]["axis_aligned_truth"] == evaluated["details"]["edges"]["cnn"]["axis_aligned_truth"]
    assert found["details"]["seeds"] == [0, 4]


def test_differences_are_paired_by_seed_and_have_both_intervals(study):
    _, builds, configs = study
    label(configs, builds, KEYS)
    known = results(study)
    found = known.to_json()
    details = found["details"]
    best = max(("control", "control-x3"), key=lambda key: details["means"][key]["classes"]["mean"])
    assert details["best"]["control"] == best
    entry, = (entry for entry in details["differences"] if (entry["first"], entry["second"]) == ("joint", best))
    pairs = [found["joint"][seed]["classes"] - found[best][seed]["classes"] for seed in ("0", "4")]
    assert entry["over_seeds"]["mean"] == pytest.approx(np.mean(pairs))
    assert entry["over_seeds"]["sd"] == pytest.approx(np.std(pairs, ddof=1))
    confusions = [np.load(builds[4].row_confusions("val", key))["confusion"] for key in ("joint", best)]
    _, low, high = difference_interval(*confusions, frame_blocks(known.names))
    assert (entry["over_blocks"]["4"]["low"], entry["over_blocks"]["4"]["high"]) == (low, high)


def test_rows_without_a_common_seed_are_not_compared(study):
    _, builds, configs = study
    for seed, keys in ((0, ["cnn", "joint"]), (4, ["joint", "control"])):
        label(configs, builds, keys, [seed])
    found = results(study).to_json()
    pairs = {(entry["first"], entry["second"]) for entry in found["details"]["differences"]}
    assert pairs == {(first, second) for first, second in (("cnn", "joint"), ("joint", "control"), ("joint", "cnn"),
                                                           ("control", "joint"))}
    for reference in ("cnn", "joint", "control"):
        differences_plot(found["details"], reference)


def test_the_best_of_rows_is_one_of_those_with_the_most_seeds(study):
    _, builds, configs = study
    label(configs, builds, ["control"])
    for only in (0, 4):
        label(configs, builds, ["control-x3"], [only])
        details = results(study).to_json()["details"]
        if only == 0:
            assert details["best"]["control"] == "control"
    means = [details["means"][key]["classes"]["mean"] for key in ("control", "control-x3")]
    assert details["best"]["control"] == ("control", "control-x3")[int(np.argmax(means))]


def test_the_order_of_the_work_does_not_matter(study):
    _, builds, configs = study
    label(configs, builds, KEYS, seeds=(4,))
    growing = results(study)
    growing.to_json()
    label(configs, builds, KEYS[::-1], seeds=(0,))
    assert json.dumps(growing.to_json()) == json.dumps(results(study).to_json())


def test_rows_that_are_not_labelled_or_of_other_weights_are_missing(study):
    _, builds, configs = study
    joint, = find_rows(["joint"])
    assert results(study).missing(0, joint) and results(study).to_json()["details"]["means"] == {}
    label(configs, builds, ["joint"])
    assert not results(study).missing(0, joint)
    (builds[0].stage("stage4") / "final.caffemodel").write_bytes(
        (builds[4].stage("stage4") / "final.caffemodel").read_bytes())
    found = results(study)
    assert found.missing(0, joint) and not found.missing(4, joint)
    assert list(found.to_json()["joint"]) == ["4"]


def test_a_row_at_its_own_lambda_takes_what_is_best_on_the_other_half(experiment):
    config, build = experiment
    keys = ["joint-8", "joint-8-lam5", "joint-8-lam10", "joint-8-lam20"]
    folder, configs = make_study(config, build, [1], keys)
    builds = {1: folder.seed(1)}
    own = find_rows(["joint-8-own"])
    label(configs, builds, keys[:-1], [1])
    assert "joint-8-own" not in Results(config, builds, own, "val").to_json()
    label(configs, builds, keys[-1:], [1])
    known = Results(config, builds, own, "val")
    assert not known.missing(1, own[0])
    found = known.to_json()
    matrices = [np.load(builds[1].row_confusions("val", key))["confusion"] for key in keys]
    ious = [[scores(one, range(3), range(3)).classes for one in row] for row in matrices]  # val has two images
    best_on = [int(np.argmax([row[image] for row in ious])) for image in (0, 1)]
    assert found["details"]["chosen"] == {"joint-8-own": {"1": [keys[best_on[1]], keys[best_on[0]]]}}
    expected = scores(matrices[best_on[1]][0] + matrices[best_on[0]][1], range(3), range(3)).classes
    assert found["joint-8-own"]["1"]["classes"] == pytest.approx(expected)
    assert json.dumps(Results(config, builds, own, "val").to_json()) == json.dumps(found)


def test_loss_and_certificate_are_means_over_the_log(study):
    _, builds, configs = study
    label(configs, builds, ["joint", "cnn"])
    log = [{"kind": "validation", "iteration": 0}] + [
        {"kind": "train", "iteration": number, "loss": number, "certificate": 2 * number} for number in (1, 3)]
    builds[4].log("stage4").write_text("".join(json.dumps(record) + "\n" for record in log))
    assert results(study).to_json()["details"]["training"] == {"joint": {"4": {"loss": 2, "certificate": 4}}}
