"""The command that writes a study's page."""

import json

from experiments.studies.folders import StudyFolder
from experiments.study_report import main
from tests.experiments.studies.made_results import made_results


def test_the_page_is_named(experiment, tmp_path, command):
    folder = StudyFolder(experiment[1])
    folder.folder.mkdir()
    folder.results("val").write_text(json.dumps(made_results()))
    status, output, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", experiment[1])
    assert status == 0, errors
    assert output == f"the report is {folder.report / 'index.html'}\n" and (folder.report / "index.html").is_file()


def test_without_results_the_target_is_named(experiment, tmp_path, command):
    status, _, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", experiment[1])
    assert status == 1 and "run `make study`" in errors
