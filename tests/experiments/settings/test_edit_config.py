"""Parameters written into a configuration: nothing but their values changes."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.settings.config import load_config
from experiments.settings.edit_config import write_section

STAGES = "\n".join(f"stage{number}: {{base_lr: 1.0e-4, iterations: 4, validate_every: 2}}  # stage {number}"
                   for number in (1, 2, 3, 4))
VALUES = {"alpha": 20.0, "beta": 0.7, "lam": 5.0}
LAYOUTS = {
    "absent": ("", "crf: {alpha: 20.0, beta: 0.7, lam: 5.0}"),
    "flow": ("crf: {lam: 2.5, gamma: 0.2, alpha: 35}  # the paper's\n",
             "crf: {lam: 5.0, gamma: 0.2, alpha: 20.0, beta: 0.7}  # the paper's\n"),
    "empty": ("crf: {}\n", "crf: {alpha: 20.0, beta: 0.7, lam: 5.0}\n"),
    "block": ("crf:\n  # found by hand\n  beta: 0.9   # an exponent\n  gamma: 0.1  # a margin\n",
              "crf:\n  # found by hand\n  beta: 0.7   # an exponent\n  gamma: 0.1  # a margin\n  alpha: 20.0\n"
              "  lam: 5.0\n"),
    "block at the end": ("crf:\n    lam: 1", "crf:\n    lam: 5.0\n    alpha: 20.0\n    beta: 0.7"),
}


def written(path, text, values):
    with open(path, "w", newline="") as file:
        file.write(text)
    write_section(path, "crf", values)
    with open(path, newline="") as file:
        return file.read()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("before, after", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_and_comments_stay(tmp_path, before, after, newline):
    head = f"# an experiment\ndataset: tiny\n\n{STAGES}\n"
    text = written(tmp_path / "config.yaml", (head + before).replace("\n", newline), VALUES)
    assert text.rstrip() == (head + after).replace("\n", newline).rstrip()
    assert load_config(tmp_path / "config.yaml").crf.beta == 0.7


@settings(max_examples=60, deadline=None)
@given(old=st.dictionaries(st.sampled_from(["alpha", "beta", "lam", "gamma"]), st.floats(1e-12, 1e12)),
       new=st.dictionaries(st.sampled_from(["alpha", "beta", "lam", "gamma"]), st.floats(1e-12, 1e12), min_size=1),
       flow=st.booleans())
def test_every_value_comes_back_as_it_was(tmp_path_factory, old, new, flow):
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    crf = yaml.safe_dump({"crf": old}, default_flow_style=None if flow else False) if old else ""
    text = written(path, f"dataset: tiny\n{crf}{STAGES}\n", new)
    assert yaml.safe_load(text)["crf"] == {**old, **new}
    assert STAGES in text


@pytest.mark.parametrize("text", [
    f"dataset: tiny\ncrf: {{alpha: &one 1.0, beta: *one}}\n{STAGES}\n",
    "{dataset: tiny, " + ", ".join(f"stage{n}: {{base_lr: 1, iterations: 4, validate_every: 2}}" for n in (1, 2, 3, 4))
    + "}\n", f"dataset: tiny\ncrf: {{lam: 1,}}\n{STAGES}\n"])
def test_what_is_laid_out_otherwise_is_left_alone(tmp_path, text):
    with pytest.raises(ValueError, match="by hand: alpha: 20.0, beta: 0.7, lam: 5.0"):
        written(tmp_path / "config.yaml", text, VALUES)
    assert (tmp_path / "config.yaml").read_text() == text


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.yaml").write_text(f"dataset: tiny\n{STAGES}\n")
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    write_section(tmp_path / "link.yaml", "crf", VALUES)
    assert (tmp_path / "link.yaml").is_symlink()
    assert load_config(tmp_path / "real.yaml").crf.lam == 5


def test_another_section_is_changed_alone(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"dataset: tiny\ncrf: {{lam: 1}}\ndense_crf: {{appearance: 4}}  # found\n{STAGES}\n")
    write_section(path, "dense_crf", {"appearance": 7.5, "iterations": 5})
    assert path.read_text() == ("dataset: tiny\ncrf: {lam: 1}\ndense_crf: {appearance: 7.5, iterations: 5}  # found\n"
                                f"{STAGES}\n")
