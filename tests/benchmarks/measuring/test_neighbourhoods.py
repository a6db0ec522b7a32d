"""Neighbourhoods and compatibilities that are measured, and the frames on which peers are."""

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring import neighbourhoods
from benchmarks.measuring.neighbourhoods import (NEIGHBOURHOODS, compared_peers, measure_models, model_sources,
                                                 peer_sources)
from benchmarks.measuring.neighbours import general_compatibility
from benchmarks.measuring.problem import Source

TINY = Source(None, 12, 14, 3)


class Steps:
    count = 0

    def advance(self, status=""):
        self.count += 1


def test_the_frame_has_potts_and_the_small_one_both():
    sources = model_sources(TINY)
    assert [(source.height, source.labels, source.general) for source in sources[::4]] == [
        (12, 3, False), (180, 11, False), (180, 11, True)]
    assert [source.neighbours for source in sources] == 3 * list(NEIGHBOURHOODS.values())


def test_rows_are_of_their_sources(monkeypatch):
    monkeypatch.setattr(neighbourhoods, "peak_extra_bytes",
                        lambda source, method: 100 * len(source.neighbours) + source.general)
    sources, steps = [source for source in model_sources(TINY) if source.height == 12], Steps()
    sources.append(TINY._replace(general=True))
    rows = measure_models(sources, 2, steps)
    assert steps.count == 4 * 5 and [row["bytes"] for row in rows] == [200, 400, 400, 600, 201]
    assert [row["neighbours"] for row in rows] == [*NEIGHBOURHOODS, "4"]
    for row in rows:
        assert (row["height"], row["width"], row["labels"]) == (12, 14, 3) and row["volume_bytes"] == 4 * 12 * 14 * 3
        assert len(row["seconds"]) == 2 and min(row["seconds"]) > 0


def test_a_source_makes_its_neighbourhood_and_its_compatibility():
    source = TINY._replace(neighbours=NEIGHBOURHOODS["8"], general=True)
    problem = source.load()
    image = problem.image.transpose(2, 0, 1)[None] / np.float32(255)
    assert (problem.weights == theano_crf.contrast_weights(image, neighbours=NEIGHBOURHOODS["8"])).all()
    assert problem.neighbours == NEIGHBOURHOODS["8"] and (problem.compatibility == general_compatibility(3)).all()
    assert TINY.load().compatibility is None and TINY.load().weights.shape == (1, 2, 12, 14)


def test_peers_work_on_the_drawn_frame_and_on_a_given_one():
    assert [source.folder for source in peer_sources(Source("somewhere"))] == [None, "somewhere"]
    assert [source.folder for source in peer_sources(Source())] == [None]
    assert all(source.neighbours == NEIGHBOURHOODS["8"] for source in peer_sources(Source("somewhere")))


@pytest.mark.parametrize("method", compared_peers(), ids=lambda method: method.key)
def test_every_peer_minimises_the_energy_of_8_neighbours(method):
    problem = TINY._replace(neighbours=NEIGHBOURHOODS["8"]).load()
    labelling = method.on(problem)()
    best = theano_crf.dual_mm(problem.unary("-p"), problem.weights, 200, "icm", neighbours=problem.neighbours)
    energy = theano_crf.energy(problem.unary("-p"), problem.weights, labelling.labels[None], problem.neighbours)
    assert best.lower_bound[0] - 1e-3 <= energy[0] <= best.energy[0] + 0.5
    assert labelling.lower_bound is None or labelling.lower_bound <= energy[0] + 1e-3
