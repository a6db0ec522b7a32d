"""Pictures of the report: which images are shown."""

import numpy as np

from experiments.reporting.pictures import choose_examples


def test_examples_differ_most_and_are_not_alike():
    generator = np.random.RandomState(0)
    truths = {name: generator.randint(0, 5, (10, 10)) for name in "abcd"}
    truths["b"] = truths["a"].copy()
    truths["b"][0, 0] += 1
    gaps = {"a": 9, "b": -8, "c": 2, "d": -3}
    per_image = {name: {"cnn": 50, "joint": 50 + gap} for name, gap in gaps.items()}
    assert choose_examples(per_image, truths.get, 3) == ["a", "d", "c"]
    assert choose_examples(per_image, truths.get, 4) == ["a", "d", "c", "b"]
