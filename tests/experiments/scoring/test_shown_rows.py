"""The further rows that evaluations show."""

import pytest

from experiments.scoring.shown_rows import ask_for, shown_rows
from experiments.settings.build_paths import Build


@pytest.fixture
def build(tmp_path):
    build = Build(tmp_path / "build")
    for stage in ("stage3", "stage4", "control"):
        trained(build, stage)
    return build


def trained(build, stage):
    build.stage(stage).mkdir(parents=True)
    (build.stage(stage) / "final.caffemodel").touch()


def keys(build):
    return [row.key for row in shown_rows(build)]


def test_the_papers_rows_alone_are_shown_at_first(build):
    assert keys(build) == []
    ask_for(build, ["joint", "cnn"])
    assert keys(build) == []


def test_rows_of_trained_variants_are_shown_as_they_were_trained(build):
    trained(build, "control-x3")
    build.stage("joint-8").mkdir()
    assert keys(build) == ["control-x3"]  # not cooled, and not what is being trained yet


def test_rows_that_were_asked_for_are_shown_in_the_tables_order(build):
    ask_for(build, ["joint-100"])
    ask_for(build, ["cnn-t5", "joint-lam5"])
    assert keys(build) == ["cnn-t5", "joint-100"]
    trained(build, "joint-lam5")
    assert keys(build) == ["cnn-t5", "joint-100", "joint-lam5"]


def test_an_unknown_row_and_a_damaged_list_are_named(build):
    with pytest.raises(ValueError, match="There is no row 'jiont'"):
        ask_for(build, ["jiont"])
    assert not build.shown_rows.exists()
    for content in ("{", "3", '["jiont"]'):
        build.shown_rows.parent.mkdir(exist_ok=True)
        build.shown_rows.write_text(content)
        with pytest.raises(ValueError, match=r"shown.json is damaged \(.*\); remove it"):
            shown_rows(build)
