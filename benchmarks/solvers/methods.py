"""The methods that are compared: each has a name, an effort, and makes the function that is timed on a problem."""

import functools
from typing import Callable, NamedTuple, Optional

import numpy as np

import theano_crf
from benchmarks.measuring.threads import openmp_threads
from benchmarks.solvers.numpy_dual_mm import dual_mm as numpy_dual_mm
from benchmarks.solvers.other_methods import UNTIL_CONVERGENCE, AlphaExpansion, mean_field
from benchmarks.solvers.trws import TRWS

ITERATIONS = 15  # the paper's
DECODINGS = ("argmin", "viterbi", "icm")
GIVEN = "given"  # kind of unary costs that did not come from probabilities


class Labelling(NamedTuple):
    """Solution of a problem by a method.

    Attributes
    ----------
    labels : (H, W) integer
    lower_bound : float, optional
        On the energy of any labelling, where the method gives one.
    """

    labels: np.ndarray
    lower_bound: Optional[float] = None


class Method(NamedTuple):
    """One method with its settings.

    Attributes
    ----------
    name : str
        As the table has it; the same for all efforts.
    effort : int
        Iterations, or cycles of alpha expansion; `UNTIL_CONVERGENCE`.
    threads : int
    kind : str
        Of unary costs, one of `prototxt.unary.KINDS` or `GIVEN`; the labels' energy is judged by them.
    make : callable
        (problem, unary, effort) -> function without arguments that returns a `Labelling`.
    """

    name: str
    effort: int
    threads: int
    kind: str
    make: Callable

    @property
    def key(self):
        """The method with its settings as text, different for any two methods."""
        return f"{self.name}, {self.effort_text}, threads {self.threads}, {self.kind}"

    @property
    def effort_text(self):
        return "converged" if self.effort == UNTIL_CONVERGENCE else str(self.effort)

    def on(self, problem):
        """Return the function that is timed on a problem; it works with the method's threads."""
        return self._with_threads(self.make(problem, problem.unary(self.kind), self.effort))

    def _with_threads(self, solve):
        @functools.wraps(solve)
        def timed():
            with openmp_threads(self.threads):
                return solve()
        return timed


def _dual_mm(decode, problem, unary, iterations):
    def solve(iterations=iterations):
        solution = theano_crf.dual_mm(unary, problem.weights, iterations, decode, neighbours=problem.neighbours,
                                      compatibility=problem.compatibility)
        return Labelling(solution.labels[0], float(solution.lower_bound[0]))

    solve(min(iterations, ITERATIONS + 1))  # takes this frame's memory; late iterations want more
    return solve


def _ssvm(problem, unary, iterations):
    truth = unary.argmin(axis=1)

    def solve():
        return Labelling(theano_crf.ssvm(unary, problem.weights, truth, iterations=iterations).labels[0])
    return solve


def _numpy(problem, unary, iterations):
    return lambda: Labelling(*numpy_dual_mm(unary[0], problem.weights[0], iterations))


def _trws(problem, unary, iterations):
    solver = TRWS(unary, problem.weights, problem.neighbours, problem.compatibility)

    def solve():
        bound = solver.iterate(iterations)
        return Labelling(solver.labels(), bound)
    return solve


def _alpha_expansion(problem, unary, cycles):
    expansion = AlphaExpansion(unary, problem.weights, problem.neighbours)
    return lambda: Labelling(expansion.expand(cycles))


def _mean_field(problem, unary, iterations):
    likelihood = problem.unary("-log p")  # its model's costs, whichever its labels are judged by
    return lambda: Labelling(mean_field(problem.image, likelihood, iterations))


def dual_mm(decode, iterations=ITERATIONS, threads=2, kind="-p"):
    """Return `theano_crf.dual_mm` as a method; its memory is taken before the timing, by a call on the same frame."""
    return Method(f"dual_mm {decode}", iterations, threads, kind, functools.partial(_dual_mm, decode))


def ssvm(iterations=ITERATIONS, threads=2, kind="-p"):
    """Return `theano_crf.ssvm` as a method; the labels of least unary cost stand for the truth."""
    return Method("ssvm", iterations, threads, kind, _ssvm)


def plain_numpy(iterations=ITERATIONS, kind="-p"):
    """Return DualMM in plain NumPy as a method."""
    return Method("plain NumPy", iterations, 1, kind, _numpy)


def trws(iterations=ITERATIONS, kind="-p"):
    """Return TRW-S as a method; its costs are brought into its order before the timing. Each function runs once."""
    return Method("TRW-S", iterations, 1, kind, _trws)


def alpha_expansion(cycles=UNTIL_CONVERGENCE, kind="-p"):
    """Return gco's alpha expansion as a method, for Potts alone; its graph is built before the timing."""
    return Method("alpha expansion", cycles, 1, kind, _alpha_expansion)


def dense_crf(iterations, kind="-p"):
    """Return pydensecrf's mean field as a method, all of it timed.

    It minimises another energy: that of its labels in this one is no measure of it.
    """
    return Method("DenseCRF mean field", iterations, 1, kind, _mean_field)
