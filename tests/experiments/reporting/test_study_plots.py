"""Plots of a study: well-formed SVG that depends on the results alone, with dots where the values are."""

import xml.etree.ElementTree

from experiments.reporting.study_plots import differences_plot, scores_plot
from tests.experiments.studies.made_results import made_results


def dots(content):
    return content.count(b"<use ")


def test_each_seed_has_a_dot():
    result = made_results()
    xml.etree.ElementTree.fromstring(scores_plot(result))
    fewer = made_results()
    del fewer["joint"]["1"]
    assert dots(scores_plot(result)) == dots(scores_plot(fewer)) + 1
    assert scores_plot(result) == scores_plot(made_results())


def test_differences_have_a_line_per_row():
    details = made_results()["details"]
    content = differences_plot(details, "joint")
    xml.etree.ElementTree.fromstring(content)
    details["differences"] = [entry for entry in details["differences"] if entry["first"] != "cnn"]
    assert dots(content) > dots(differences_plot(details, "joint"))


def test_a_single_seed_has_no_interval_over_seeds():
    details = made_results()["details"]
    for entry in details["differences"]:
        entry["over_seeds"].update(sd=None, low=None, high=None)
    xml.etree.ElementTree.fromstring(differences_plot(details, "control"))
