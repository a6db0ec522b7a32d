"""Kills at random moments of all stages: the resumed runs end with weights that are equal to the last bit."""

import random

from prototxt.stages import STAGES
from tests.experiments.runs import Runs
from tests.experiments.tiny_experiment import STAGE

KILLS = 20
LONGER = dict(STAGE, iterations=60, validate_every=3)


def test_twenty_kills(make_tiny_experiment, fault):
    config, build = make_tiny_experiment(
        **{stage: LONGER for stage in list(STAGES)[:3]}, stage4=dict(LONGER, type="SGD", weight_decay=0))
    runs = Runs(config, build)
    unbroken = {stage: runs.train(stage) for stage in STAGES}
    generator, kills = random.Random(6), 0
    while kills < KILLS:
        runs.forget(STAGES)
        for stage in STAGES:
            seconds, expected = unbroken[stage]
            moments = []
            while not runs.final(stage).exists():
                moment = generator.uniform(0, seconds) if len(moments) < KILLS // len(STAGES) else 20 * seconds + 600
                reached = runs.kill_after(stage, moment)
                if reached is not None:
                    moments.append(f"{moment:.2f} s (iteration {reached})")
            assert runs.final(stage).read_bytes() == expected, (stage, moments)
            kills += len(moments)
            fault(f"{stage} killed after {', '.join(moments) or 'its end'}, each time resumed: ends with equal weights")
    fault(f"{kills} kills in all")
