"""The results as a picture."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.results.picture import distances, energy_over_time
from benchmarks.results.queries import Results


def test_the_curves_are_shares_of_the_way_from_argmax_to_optimum(results):
    times, above, below = distances(results, "dual_mm argmin")
    assert times == [200, 1100] and above == pytest.approx([50, 10])
    assert below == pytest.approx([20.1, 1.1])  # under the best energy, -99.9
    assert distances(results, "DenseCRF mean field") == ([9000], [130], [])
    assert distances(results, "dual_mm icm")[1] == pytest.approx([0.2, 0.1])


def test_an_optimum_that_was_reached_can_be_drawn(raw):
    raw["comparison"]["rows"][8]["energy"] = -100
    assert distances(Results(raw), "dual_mm icm")[1:] == ([pytest.approx(0.2), 0.001], [pytest.approx(1), 0.001])


def test_the_picture_shows_every_method(results):
    picture = np.asarray(Image.open(io.BytesIO(energy_over_time(results))).convert("RGB")).reshape(-1, 3)
    assert len(picture) > 500 * 500
    for colour in ((127, 178, 221), (63, 131, 189), (18, 57, 95), (160, 60, 100), (217, 120, 45), (60, 141, 90),
                   (138, 148, 156)):
        assert (picture == colour).all(axis=1).sum() > 20, colour
