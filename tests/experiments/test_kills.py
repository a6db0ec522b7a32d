"""A run that is killed at any moment ends with the very weights of one that was not."""

import random

import pytest

from experiments.training import train_stage
from tests.experiments.runs import Runs
from tests.experiments.tiny_experiment import STAGE, make_experiment

KILLS = 3


LEARNT = dict(learn_contrast=True, pairwise_net="image and probabilities", learn_compatibility="directed",
              learn_class_bias=True)


@pytest.mark.parametrize("stage, learnt", [("stage4", {}), ("stage4", LEARNT)], ids=["stage4", "with learnt terms"])
def test_killed_runs_end_with_equal_weights(tmp_path, make_dataset, stage, learnt):
    settings = dict(STAGE, type="Adam" if learnt else "SGD", iterations=30, validate_every=3)
    config, build = make_experiment(tmp_path, make_dataset, stage4=settings, crf={"iterations": 3, **learnt})
    for earlier in ("stage1", "stage2", "stage3"):
        train_stage.train_stage(config, earlier, build)
    runs = Runs(tmp_path / "tiny.yaml", build)
    seconds, expected = runs.train(stage)
    runs.forget([stage])
    generator = random.Random(1)
    for _ in range(KILLS):
        runs.kill_after(stage, generator.uniform(0.3, 0.9) * seconds)
    _, weights = runs.train(stage)
    assert weights == expected
