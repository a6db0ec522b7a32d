"""A study's results as text, from a small made dictionary."""

from experiments.scoring.study_table import format_study, paired, references, spread
from tests.experiments.studies.made_results import made_results


def test_means_and_differences_stand_in_the_rows_line():
    text = format_study(made_results())
    joint, = (line for line in text.splitlines() if line.startswith("CNN + CRF (joint)"))
    assert joint.split()[4:8] == ["2", "46.00", "±", "1.41"]
    cnn, = (line for line in text.splitlines() if line.startswith("CNN only"))
    assert cnn.split()[9:13] == ["21.00", "±", "0.00", "-"] and "truth" in text and "17.25" in text
    assert joint.split()[11:17] == ["26.00", "±", "1.41", "23.00", "±", "0.71"]
    assert "-5.00 (-17.71 to +7.71)" in cnn  # differences of -4 and -6, t of one degree of freedom 12.706


def test_rows_are_compared_with_joint_and_the_best_control_alone():
    details = made_results()["details"]
    assert references(details) == ["joint", "control"]
    assert paired(details, "cnn", "cnn+crf") == "" and paired(details, "joint", "joint") == ""


def test_the_joint_row_at_its_own_lambda_is_compared_with_too():
    details = made_results()["details"]
    details["differences"].append({**details["differences"][0], "second": "joint-own"})
    assert references(details) == ["joint", "joint-own", "control"]


def test_a_single_seed_has_no_spread():
    assert spread({"n": 1, "mean": 4, "sd": None, "low": None, "high": None}) == "4.00"
