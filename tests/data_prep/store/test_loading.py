"""Loading in several processes: in order, from the first that is wanted, not all at once, and ended early."""

import functools
import multiprocessing
import os
import signal
import time

import numpy as np
import pytest

from data_prep.errors import DataError
from data_prep.pairs import Entry
from data_prep.store import loading
from data_prep.store.datum import encode_record
from data_prep.store.loading import load_entries


def draw(number, notes=None, seconds=0.0):
    """Return an image of 2 x 3 pixels of the colour (number, 1, 2); earlier images take longer; -1 is bad."""
    if number < 0:
        raise DataError("frame.png is bad.")
    if notes:
        (notes / str(number)).touch()
    time.sleep(seconds + 0.001 * max(0, 5 - number))
    image = np.empty((2, 3, 3), np.uint8)
    image[...] = number, 1, 2
    return image, np.full((2, 3), number, np.uint8)


def make_entries(numbers, *more):
    return [Entry(f"image_{number}", functools.partial(draw, number, *more)) for number in numbers]


@pytest.mark.parametrize("jobs", [1, 3])
@pytest.mark.parametrize("first", [0, 4])
def test_records_sizes_and_sums_come_in_the_order_of_the_entries(first, jobs, capsys):
    loaded = list(load_entries(make_entries(range(7)), first, "train", jobs))
    assert len(loaded) == 7 - first
    for number, (record, size, sums) in enumerate(loaded, first):
        assert record == encode_record(*draw(number), f"image_{number}") and size == (2, 3)
        assert list(sums) == [6 * 2, 6 * 1, 6 * number]  # B, G, R over six pixels
    assert ("train: goes on after 4 of 7 images" in capsys.readouterr().out) == (first == 4)


def test_where_nothing_is_left_no_process_is_started(monkeypatch):
    monkeypatch.setattr(loading, "get_context", None)
    assert list(load_entries(make_entries(range(3)), 3, "train", 2)) == []


def draw_large(number, notes):
    """Note the image's number, and return one whose record is larger than what a pipe holds."""
    (notes / str(number)).touch()
    return np.zeros((300, 300, 3), np.uint8), np.zeros((300, 300), np.uint8)


def test_few_images_are_loaded_ahead(tmp_path):
    entries = [Entry(f"image_{number}", functools.partial(draw_large, number, tmp_path)) for number in range(40)]
    loaded = load_entries(entries, 0, "train", 2)
    next(loaded)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2"]
    loaded.close()


def test_after_an_early_end_no_image_is_loaded(tmp_path):
    loaded = load_entries(make_entries(range(40), tmp_path, 0.02), 0, "train", 2)
    next(loaded)
    loaded.close()
    assert len(list(tmp_path.iterdir())) < 20 and not multiprocessing.active_children()


def test_an_error_of_an_entry_comes_through_and_ends_the_processes():
    with pytest.raises(DataError, match="frame.png is bad"):
        list(load_entries(make_entries([0, -1, 2]), 0, "train", 2))
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_is_one_sentence_and_ends_the_others():
    entries = make_entries(range(5)) + [Entry("killed", kill_this_process)] + make_entries(range(6, 40))
    loaded = load_entries(entries, 0, "train", 2)
    assert len([next(loaded) for _ in range(5)]) == 5
    with pytest.raises(DataError, match="A process that loads images has died, .*: end other programs and run the same "
                                        "command again, which goes on"):
        next(loaded)
    assert not multiprocessing.active_children()


def kill_this_process():
    os.kill(os.getpid(), signal.SIGKILL)
