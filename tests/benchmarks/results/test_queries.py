"""Questions to results, each answered by hand from the table in conftest."""

import pytest

from benchmarks.results.queries import Results, ratio


def test_times_are_compared_round_by_round(results):
    assert results.floors(results.row("dual_mm argmin")) == pytest.approx(2.0)  # of 1 / 0.5, 1.1 / 0.5, 9 / 5
    assert results.floors(results.row("dual_mm argmin", threads=1)) == pytest.approx(2.0)
    assert results.floors(results.row("dual_mm argmin", threads=4)) is None
    assert results.floors(results.row("dual_mm argmin"), in_place=True) == pytest.approx(4.4)
    assert ratio(results.row("alpha expansion", -1, 1), results.row("dual_mm argmin")) == pytest.approx(20.0)


def test_the_best_bound_and_what_is_closed(results):
    assert results.best_bound("-p") == -100 and results.best_bound("-log p") == 10
    assert results.closed(results.row("dual_mm icm")) == pytest.approx(0.998)
    assert results.closed(results.row("dual_mm icm", kind="-log p")) == pytest.approx(0.9999)
    assert results.closed(results.row("DenseCRF mean field", 10, 1)) == pytest.approx(-0.3)


def test_memory_in_volumes(results):
    assert results.volumes("dual_mm argmin") == 2 and results.volumes("dual_mm icm") == 4
    assert results.volumes("ssvm") is None


def test_a_method_that_was_not_measured(results):
    with pytest.raises(KeyError, match="swap"):
        results.row("swap")


def test_parts_may_be_missing(raw):
    assert Results(raw).training_step is None and Results({"comparison": raw["comparison"]}).memory == {}
