"""The table of rows, and the paper's table 1 as it was published."""

from experiments.scoring.result_rows import COMPARISONS, FURTHER_ROWS, ROWS, TABLE_1, WEIGHT_SETS
from prototxt.stages import STAGES


def test_rows_are_told_apart_and_take_weights_of_stages():
    keys = [row.key for row in ROWS + FURTHER_ROWS]
    assert len(set(keys)) == len(keys)
    assert {row.stage for row in ROWS + FURTHER_ROWS} == set(WEIGHT_SETS) <= set(STAGES)
    assert all(first in ROWS and second in ROWS for first, second in COMPARISONS)


def test_the_papers_figures():
    assert {row.title: row.published for row in ROWS if row.published} == {
        "CNN only": (63.8, 81.5), "CNN + CRF": (64.1, 81.2), "CNN + CRF (joint)": (64.4, 81.9)}
    assert len(TABLE_1) == 15
    assert [row.key for row in TABLE_1 if row.key] == ["cnn", "cnn+crf", "joint"]
    ours = [row for row in TABLE_1 if row.split == "val"]
    assert all(row.half_resolution for row in ours) and len(ours) == 3
    assert [(row.classes, row.categories) for row in TABLE_1 if row.title.startswith("Ours")] == [(62.4, 82.3)]
