"""Growth with pixels and labels."""

import statistics

import pytest

from benchmarks.measuring.growth import growth_sources, measure_growth
from benchmarks.measuring.problem import Source


class Steps:
    count = 0

    def advance(self, status=""):
        self.count += 1


def test_three_sizes_and_three_numbers_of_labels_share_one_frame():
    sizes = [(source.width, source.height, source.labels) for source in growth_sources()]
    assert sizes == [(512, 256, 19), (1024, 512, 19), (2048, 1024, 19), (1024, 512, 11), (1024, 512, 150)]


def test_the_table_counts_pixels_labels_and_iterations():
    steps, sources = Steps(), [Source(None, 8, 12, 3), Source(None, 20, 10, 5)]
    rows = measure_growth(sources, 3, 1, steps)
    assert [(row["height"], row["width"], row["labels"]) for row in rows] == [(8, 12, 3), (20, 10, 5)]
    for row, values in zip(rows, (8 * 12 * 3, 20 * 10 * 5)):
        assert len(row["seconds"]) == 3
        assert row["nanoseconds"] == pytest.approx(1e9 * statistics.median(row["seconds"]) / values / 15)
    assert steps.count == 4 * 2
