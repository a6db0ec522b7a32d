"""Strict reading of YAML; the configuration's tests have more of what is refused."""

import pytest

from experiments.settings.yaml_files import read_yaml


def test_values_are_read_and_nested_keys_may_be_alike(tmp_path):
    (tmp_path / "a.yaml").write_text("a: {b: 1}\nc: [{b: 2}, {b: 3}]\n")
    assert read_yaml(tmp_path / "a.yaml") == {"a": {"b": 1}, "c": [{"b": 2}, {"b": 3}]}


@pytest.mark.parametrize("text, words", [
    ("a: [1", "a.yaml is not YAML: "), ("a: 1\na: 2", "the key 'a' is there twice"),
    ("c: [{b: 2, b: 3}]", "the key 'b' is there twice")])
def test_what_is_wrong_is_one_sentence(tmp_path, text, words):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError) as error:
        read_yaml(tmp_path / "a.yaml")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_file_that_is_not_there_stays_an_error_of_its_own(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "a.yaml")
