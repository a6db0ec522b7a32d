"""A whole study of a tiny experiment: interrupted, killed at random moments, and its results to the last digit."""

import json
import random
import shutil
import signal

from experiments.study import main
from tests.experiments.studies.tiny_study import StudyProcess, children, make_remote_shell

WORDS = "--seeds", "5", "--rows", "cnn+crf", "joint", "--processes", "2"
KILLS = 2


def test_killed_studies_end_with_equal_results(tmp_path, experiment):
    _, build = experiment
    study, results = StudyProcess(tmp_path / "tiny.yaml", build, *WORDS), build / "study" / "results-val.json"
    status, output, errors = study.run()
    assert status == 0, errors
    unbroken = results.read_bytes()
    found = json.loads(unbroken)
    assert set(found) == {"cnn+crf", "joint", "details"} and set(found["joint"]) == {"5"}
    assert "CNN + CRF (joint)" in output
    shutil.rmtree(build / "study")
    generator, killed = random.Random(3), []
    for _ in range(KILLS):
        killed.append(study.kill_after(generator.uniform(2, 8), generator))
    status, _, errors = study.run()
    assert status == 0, (errors, killed)
    assert results.read_bytes() == unbroken, killed


def test_a_signal_ends_the_runs_too(tmp_path, experiment):
    _, build = experiment
    process = StudyProcess(tmp_path / "tiny.yaml", build, *WORDS).start()
    while not children(process.pid):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, errors
    assert "the same command goes on" in output


def test_a_machine_that_is_gone_is_left_out(tmp_path, experiment):
    _, build = experiment
    shell = f"--mpirun=--mca plm_rsh_agent {make_remote_shell(tmp_path / 'shell')}"
    words = "--seeds", "5", "--rows", "cnn+crf", shell, "--hosts"
    status, output, errors = StudyProcess(tmp_path / "tiny.yaml", build, *words, "gone:2").run()
    assert status == 1 and errors.startswith("error: no machine is left of those that the study was given (gone); ")
    status, output, errors = StudyProcess(tmp_path / "tiny.yaml", build, *words, "gone:2,there:1").run()
    assert (status, errors) == (0, "")
    assert output.count("gone is left out and its runs go to other machines, since it cannot be used: ssh: ") == 1
    assert set(json.loads((build / "study" / "results-val.json").read_text())) == {"cnn+crf", "details"}


def test_best_settings_that_are_missing_are_noticed_before_anything_is_trained(experiment, tmp_path, command):
    words = ("--config", tmp_path / "tiny.yaml", "--build", experiment[1], "--rows", "joint", "best")
    status, _, errors = command(main, *words)
    assert status == 1 and "has nothing under 'best'" in errors
    assert not (experiment[1] / "study").exists()


def test_an_unknown_row_is_refused(experiment, tmp_path, command, capsys):
    status, _, errors = command(main, "--config", tmp_path / "tiny.yaml", "--build", experiment[1], "--rows", "worst")
    assert status == 2 and "invalid choice: 'worst'" in errors
