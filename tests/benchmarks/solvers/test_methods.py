"""The compared methods: with how many threads they work, and that each solves the problem that it is given."""

import ctypes

import numpy as np
import pytest

import theano_crf
from benchmarks.measuring.problem import Problem
from benchmarks.solvers import methods
from tests.theano_crf import twins


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    probability = generator.dirichlet(np.ones(4), (1, 12, 16)).transpose(0, 3, 1, 2).astype(np.float32)
    return Problem("tiny", generator.integers(0, 256, (12, 16, 3), dtype=np.uint8), probability)


def test_a_method_works_with_its_threads_and_leaves_the_others_theirs(problem):
    openmp = ctypes.CDLL("libgomp.so.1")
    before, seen = openmp.omp_get_max_threads(), []
    method = methods.Method("probe", 1, before + 3, "-p", lambda *_: lambda: seen.append(openmp.omp_get_max_threads()))
    method.on(problem)()
    assert seen == [before + 3] and openmp.omp_get_max_threads() == before


@pytest.mark.parametrize("kind", ["-p", "-log p"])
@pytest.mark.parametrize("decode", methods.DECODINGS)
def test_dual_mm_is_the_librarys(decode, kind, problem):
    labelling = methods.dual_mm(decode, 2, threads=1, kind=kind).on(problem)()
    expected = theano_crf.dual_mm(problem.unary(kind), problem.weights, 2, decode)
    assert (labelling.labels == expected.labels[0]).all() and labelling.lower_bound == expected.lower_bound[0]


@pytest.mark.parametrize("iterations, before", [(1, 1), (15, 15), (60, 16)])
def test_dual_mm_has_its_memory_from_a_call_before_the_timing(iterations, before, problem, monkeypatch):
    calls, solve = [], theano_crf.dual_mm

    def dual_mm(unary, weights, iterations, *others, **named):
        calls.append(iterations)
        return solve(unary, weights, iterations, *others, **named)

    monkeypatch.setattr(theano_crf, "dual_mm", dual_mm)
    timed = methods.dual_mm("argmin", iterations).on(problem)
    assert calls == [before]
    timed()
    assert calls == [before, iterations]


def test_ssvm_takes_the_labels_of_least_cost_for_the_truth(problem):
    labelling = methods.ssvm(3, threads=1).on(problem)()
    expected = theano_crf.ssvm(problem.unary("-p"), problem.weights, problem.probability.argmax(1), iterations=3)
    assert (labelling.labels == expected.labels[0]).all()


@pytest.mark.parametrize("method", [methods.alpha_expansion(1), methods.alpha_expansion(), methods.plain_numpy(2),
                                    methods.trws(3),
                                    methods.dense_crf(2)], ids=lambda method: method.key)
def test_every_other_method_labels_the_frame(method, problem):
    labelling = method.on(problem)()
    energy = twins.energy(problem.unary("-p")[0], problem.weights[0], labelling.labels)
    assert labelling.labels.shape == (12, 16) and labelling.labels.min() >= 0 and labelling.labels.max() < 4
    assert labelling.lower_bound is None or labelling.lower_bound <= energy + 1e-3
