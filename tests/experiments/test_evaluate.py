"""The command that scores the rows: its files and its table."""

import json

import pytest

from experiments import evaluate, report
from experiments.reporting import page


def test_each_split_has_its_file_and_its_columns(tiny_build, command):
    status, output, _ = command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder,
                                "--split", "train", "val")
    assert status == 0
    for split, images in (("train", 2), ("val", 5)):
        result = json.loads((tiny_build.folder / f"evaluation-{split}.json").read_text())
        assert (result["details"]["split"], result["details"]["images"]) == (split, images)
        assert f"{split}: IoU classes" in output and f"{result['joint']['classes']:.2f}" in output
    assert output.rstrip().endswith("evaluation-val.json")


@pytest.fixture
def with_variant(tiny_build):
    """A build folder in which the variant joint-without-edges has stage 4's weights."""
    weights = tiny_build.folder / "joint-without-edges" / "final.caffemodel"
    weights.parent.mkdir()
    weights.write_bytes((tiny_build.folder / "stage4" / "final.caffemodel").read_bytes())
    return tiny_build


def evaluated(build, command, *options):
    status, output, errors = command(evaluate.main, "--config", build.config, "--build", build.folder, *options)
    assert status == 0, errors
    return json.loads((build.folder / "evaluation-val.json").read_text()), output


def test_trained_variants_and_rows_that_are_asked_for_stand_beside(with_variant, command):
    result, output = evaluated(with_variant, command, "--rows", "cnn-t2")
    details = result["details"]
    assert list(details["further_rows"]) == ["cnn-t2", "joint-without-edges", "joint-cnn", "control-cnn"]
    assert {(entry["first"], entry["second"]) for entry in details["differences"]} >= {
        ("cnn-t2", "joint"), ("joint-without-edges", "joint")}
    lines = {line.split("  ")[0]: line for line in output.splitlines()}
    for key, title in (("cnn-t2", "CNN, T = 2, + CRF"),
                       ("joint-without-edges", "Structured loss without edges, then CRF")):
        scores, edges = details["further_rows"][key], details["edges"][key]
        assert lines[title].split()[-5:] == [f"{value:.2f}" for value in (
            scores["classes"], scores["categories"], details["pixel_accuracy"][key], edges["band"],
            edges["axis_aligned"])]
    # asked for once, shown from then on, and labelled once
    before = (with_variant.folder / "rows" / "val" / "cnn-t2.npz").stat().st_mtime_ns
    assert evaluated(with_variant, command)[0] == result
    assert (with_variant.folder / "rows" / "val" / "cnn-t2.npz").stat().st_mtime_ns == before


def test_weights_from_before_a_change_are_named_below_the_table(tiny_build, command, monkeypatch):
    monkeypatch.setattr(evaluate, "changes_since_training", lambda build, stages: [f"{stage}!" for stage in stages])
    _, output = evaluated(tiny_build, command)
    assert [line for line in output.splitlines() if line.startswith("note: ")] == [
        "note: stage3!", "note: stage4!", "note: control!"]
    monkeypatch.undo()
    assert "note: " not in evaluated(tiny_build, command)[1]


def test_a_row_that_is_put_together_of_others_is_refused(with_variant, command):
    experiment = ("--config", with_variant.config, "--build", with_variant.folder)
    status, _, errors = command(evaluate.main, *experiment, "--rows", "joint-own")
    assert status == 1 and "put together of joint, joint-lam5" in errors and errors.count("\n") == 1


def test_the_report_has_these_rows_too_where_a_split_was_scored_with_them(with_variant, command):
    evaluated(with_variant, command, "--split", "train", "val")
    result, _ = evaluated(with_variant, command, "--rows", "joint-icm")
    assert command(report.main, "--config", with_variant.config, "--build", with_variant.folder,
                   "--split", "val", "train")[0] == 0
    text = (with_variant.folder / "report" / "index.html").read_text()
    row = text[text.index('<th scope="row">Joint, labelled by ICM</th>'):].split("</tr>")[0]
    assert row.count("<td></td>") == 7 and f"{result['details']['further_rows']['joint-icm']['classes']:.1f}" in row
    assert text.count('<th scope="row">Structured loss without edges, then CRF</th>') == 1
    assert "Structured loss without edges, then CRF minus CNN + CRF (joint)" in text


def test_the_best_row_is_shown_over_the_images_too(with_variant, command, monkeypatch):
    best = with_variant.folder / "best" / "final.caffemodel"
    best.parent.mkdir()
    best.write_bytes((with_variant.folder / "control" / "final.caffemodel").read_bytes())
    # The tiny nets are none of those that are written for a row.
    monkeypatch.setattr(page, "write_row_net", lambda config, build, row: build.deploy_net(row.crf))
    evaluated(with_variant, command)
    assert command(report.main, "--config", with_variant.config, "--build", with_variant.folder)[0] == 0
    folder = with_variant.folder / "report"
    assert (folder / "figure4-1-best.png").read_bytes() != (folder / "figure4-1-joint.png").read_bytes()
    assert len(list(folder.glob("figure5-*-best.png"))) == len(list(folder.glob("figure5-*-joint.png"))) > 0
    text = (folder / "index.html").read_text()
    assert "<figcaption>Joint, the best settings</figcaption>" in text
    assert "Joint, the best settings minus CNN + CRF (joint)" in text


def test_a_row_without_weights_names_the_target(tiny_build, command):
    status, _, error = command(evaluate.main, "--config", tiny_build.config, "--build", tiny_build.folder,
                               "--rows", "control-x3")
    assert status == 1 and error.count("\n") == 1 and "run `make train-row ROW=control-x3` with" in error
    assert not (tiny_build.folder / "rows").exists()
