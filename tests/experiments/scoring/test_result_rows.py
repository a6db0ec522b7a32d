"""The table of rows, and the paper's table 1 as it was published."""

from pathlib import Path

import pytest

from experiments.scoring.result_rows import (COMPARISONS, FURTHER_ROWS, ROWS, STUDY_ROWS, TABLE_1, WEIGHT_SETS,
                                             find_rows, labelled_rows)
from prototxt.stages import PAPERS_CRF, STAGES, VARIANTS

COMMANDS = Path(__file__).parents[3] / "docs" / "commands.md"


def test_rows_are_told_apart_and_take_weights_of_stages():
    keys = [row.key for row in ROWS + FURTHER_ROWS]
    assert len(set(keys)) == len(keys)
    assert {row.stage for row in ROWS + FURTHER_ROWS} == set(WEIGHT_SETS) <= set(STAGES)
    assert all(first in ROWS and second in ROWS for first, second in COMPARISONS)


def test_rows_of_a_study_are_told_apart_and_need_every_variant():
    assert len({row.key for row in STUDY_ROWS}) == len({row.title for row in STUDY_ROWS}) == len(STUDY_ROWS)
    assert set(VARIANTS) < {row.stage for row in STUDY_ROWS} <= {*STAGES, *VARIANTS}
    ways = {(row.stage, row.crf, row.dense, tuple(row.labelling.items()), row.candidates) for row in STUDY_ROWS}
    assert len(ways) == len(STUDY_ROWS) and set(ROWS) < set(STUDY_ROWS)


def test_the_page_of_commands_explains_the_rows():
    text = COMMANDS.read_text()
    cooled_controls = [row.key for row in STUDY_ROWS if row.key.startswith("control") and "-t" in row.key]
    assert all(f"`{row.key}`" in text for row in STUDY_ROWS if row.key not in cooled_controls)
    assert f"`{cooled_controls[0]}` to `{cooled_controls[-1]}`" in text


def test_rows_at_their_own_lambda_have_the_lambdas_that_are_trained():
    own = {row.key: [candidate.key for candidate in row.candidates] for row in STUDY_ROWS if row.candidates}
    assert set(own) == {f"{key}-own" for key in ("joint", "joint-8", "joint-8-long", "joint-balanced-05",
                                                 "joint-balanced-1", "joint-iou", "joint-pairwise-image",
                                                 "joint-pairwise", "joint-compatibility",
                                                 "joint-compatibility-directed", "joint-compatibility-pairs",
                                                 "joint-class-bias")}
    for key, candidates in own.items():
        first = key[:-len("-own")]
        assert candidates == [row.key for row in STUDY_ROWS
                              if row.key == first or row.key.startswith(f"{first}-lam")]
    assert len(own["joint-own"]) == 6 and len(own["joint-8-own"]) == 4


def test_a_row_is_labelled_by_itself_or_by_its_candidates():
    joint, own, cnn = (find_rows([key])[0] for key in ("joint", "joint-own", "cnn"))
    assert labelled_rows([cnn, joint]) == (cnn, joint)
    assert labelled_rows([own, cnn, joint]) == (*own.candidates, cnn)


def test_rows_of_the_papers_crf_have_its_parameters():
    assert VARIANTS["joint-paper"].settings == {"crf": PAPERS_CRF}
    assert [row.labelling for row in find_rows(["cnn+crf-paper", "control-paper"])] == [PAPERS_CRF] * 2


def test_rows_are_found_in_the_tables_order():
    assert [row.key for row in find_rows(["joint", "cnn"])] == ["cnn", "joint"]
    with pytest.raises(ValueError, match="There is no row 'finest'; the rows are cnn, cnn.crf, "):
        find_rows(["joint", "finest"])


def test_the_papers_figures():
    assert {row.title: row.published for row in ROWS if row.published} == {
        "CNN only": (63.8, 81.5), "CNN + CRF": (64.1, 81.2), "CNN + CRF (joint)": (64.4, 81.9)}
    assert len(TABLE_1) == 15
    assert [row.key for row in TABLE_1 if row.key] == ["cnn", "cnn+crf", "joint"]
    ours = [row for row in TABLE_1 if row.split == "val"]
    assert all(row.half_resolution for row in ours) and len(ours) == 3
    assert [(row.classes, row.categories) for row in TABLE_1 if row.title.startswith("Ours")] == [(62.4, 82.3)]
