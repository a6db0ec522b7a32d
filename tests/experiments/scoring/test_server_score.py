"""The test server's score in a file: read, not there, and wrong."""

import pytest

from experiments.scoring.server_score import ServerScore, read_server_score


def test_the_file_holds_two_percentages(tmp_path):
    path = tmp_path / "test-server.yaml"
    assert read_server_score(path) is None
    path.write_text("classes: 61.5\ncategories: 82\n")
    assert read_server_score(path) == ServerScore(classes=61.5, categories=82)


@pytest.mark.parametrize("text, words", [
    ("classes: 61.5", "categories"), ("{classes: 0.615, categories: 0.82}", "greater than 1"),
    ("{classes: 61.5, categories: 101}", "100"), ("{classes: 61.5, categories: 82, pixels: 90}", "pixels"),
    ("{classes: [", "is not YAML"), ("61.5", "a mapping of names")])
def test_what_is_no_score_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "test-server.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=words) as raised:
        read_server_score(path)
    assert "test-server.yaml" in str(raised.value) and "\n" not in str(raised.value)
