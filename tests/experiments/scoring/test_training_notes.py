"""Notes on the training behind scores: where there is something to say, and where not."""

import json

import pytest

from experiments.scoring.training_notes import training_notes
from experiments.settings.config import Config
from tests.experiments.tiny_experiment import CONFIG, STAGE


def details(split="val", iterations=None, **changes):
    configuration = json.loads(Config(**{**CONFIG, **changes}).json())
    return {"split": split, "configuration": configuration, **({"iterations": iterations} if iterations else {})}


def test_without_patience_and_with_equal_lengths_there_is_nothing_to_say():
    assert training_notes(details()) == []
    assert training_notes(details(iterations={"stage3": 9, "stage4": 4, "control": 4})) == []
    assert training_notes(details(iterations={"stage3": 9, "stage4": None, "control": 4})) == []


@pytest.mark.parametrize("changes, stages", [
    ({"stage1": dict(STAGE, patience=2)}, "stage1"),
    ({"stage4": dict(STAGE, patience=2)}, "stage4, control"),  # the control has the settings of stage 4
    ({"stage4": dict(STAGE, patience=2), "control": STAGE}, "stage4")])
def test_weights_chosen_on_the_scored_split_are_named(changes, stages):
    note, = training_notes(details(**changes))
    assert f"on val has chosen the weights of {stages}, and" in note and "val is scored here too" in note
    assert training_notes(details("drive", **changes)) == []
    other = details("val", validation={"splits": ["drive", "val"]}, **changes)
    assert training_notes(other) == []


def test_a_control_of_another_length_is_named():
    note, = training_notes(details(iterations={"stage3": 9, "stage4": 8, "control": 4}))
    assert note.startswith("The control was trained for 4 iterations and stage4 for 8: ")
