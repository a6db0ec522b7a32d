"""Kills at random moments of a study and of its runs: the results are equal to the last digit."""

import random
import shutil

from tests.experiments.studies.tiny_study import StudyProcess

KILLS = 10
WORDS = "--seeds", "0", "1", "--rows", "cnn+crf", "cnn-t3", "joint", "control-x3", "--processes", "2"


def test_ten_kills(make_tiny_experiment, fault):
    config, build = make_tiny_experiment()
    study, results = StudyProcess(config, build, *WORDS), build / "study" / "results-val.json"
    status, _, errors = study.run()
    assert status == 0, errors
    unbroken = results.read_bytes()
    shutil.rmtree(build / "study")
    generator, killed = random.Random(8), []
    while len(killed) < KILLS:
        what = study.kill_after(generator.uniform(1, 8), generator)
        if what is None:  # it had ended
            shutil.rmtree(build / "study")
        else:
            killed.append(what)
    status, _, errors = study.run()
    assert status == 0, errors
    assert results.read_bytes() == unbroken, killed
    fault(f"{', '.join(killed)} killed, each time started again: equal results")
