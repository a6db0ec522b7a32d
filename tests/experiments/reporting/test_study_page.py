"""The page of a study, from made results."""

import json
import re

import pytest

from experiments.reporting.study_page import class_means, read_results, write_study_report
from experiments.studies.folders import StudyFolder
from tests.experiments.studies.made_results import made_results


@pytest.fixture
def folder(tmp_path):
    folder = StudyFolder(tmp_path)
    folder.folder.mkdir()
    for split in ("val", "drive"):
        folder.results(split).write_text(json.dumps(made_results()))
    return folder


def test_the_page_has_every_row_and_needs_nothing_outside_its_folder(folder):
    page = write_study_report(folder, ["val", "drive"])
    text = page.read_text()
    assert "<td>joint-lam5</td><td>joint-lam20</td>" in text
    assert "46.00 ± 1.41" in text and "26.00 ± 1.41" in text and "17.25" in text
    assert "-5.00 (-17.71 to +7.71)" in text and "0.01200" in text
    for title in made_results()["details"]["titles"].values():
        assert text.count(title) >= 4
    linked = set(re.findall(r'(?:src|href)="([^"]*)"', text))
    assert len(linked) == 6 and linked | {"index.html"} == {path.name for path in page.parent.iterdir()}


def test_results_from_before_rows_had_their_own_lambda_are_shown(folder):
    result = made_results()
    del result["details"]["chosen"]
    folder.results("val").write_text(json.dumps(result))
    assert "46.00 ± 1.41" in write_study_report(folder, ["val"]).read_text()


def test_classes_are_means_over_the_seeds_that_have_them():
    assert class_means(made_results(), "joint") == {"road": 76.0, "car": 45.0, "bus": None}


@pytest.mark.parametrize("content, sentence", [
    (None, "There is no .*; run `make study`"), ("{", "is not a study's results"), ("[]", "is not a study's results"),
    ('{"details": {"means": {}}}', "no row is labelled yet"),
    ('{"details": {"means": {"cnn": {}}}}', "of an older version")])
def test_what_is_no_result_is_refused(tmp_path, content, sentence):
    path = tmp_path / "results-val.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises((ValueError, FileNotFoundError), match=sentence):
        read_results(path)
