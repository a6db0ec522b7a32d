"""Accuracy over time: each method with more and more iterations, on problems whose optimum is known."""

import time
from typing import Callable, NamedTuple, Tuple

import theano_crf
from benchmarks.solvers import methods

EFFORTS = (1, 2, 3, 5, 8, 11, 15, 22, 33, 50, 75, 110, 170, 250, 380, 570, 850, 1300, 1900, 2900)
CYCLES = (1, 2, 3, methods.UNTIL_CONVERGENCE)
THREADS = 2
# A method is not tried with more iterations once it took so many seconds, or its bound is that near to its energy.
LONGEST = 2.5
SOLVED = 1e-6  # share of the energy above the sum of the least unary costs


class Family(NamedTuple):
    """A method at growing efforts.

    Attributes
    ----------
    make : callable
        effort -> benchmarks.solvers.methods.Method
    efforts : tuple of int
    """

    make: Callable
    efforts: Tuple[int, ...] = EFFORTS


def families(threads):
    """Return the methods that are compared; DualMM works on so many threads, the others on one."""
    def dual_mm(decode):
        return Family(lambda effort: methods.dual_mm(decode, effort, threads, methods.GIVEN))
    return [*map(dual_mm, methods.DECODINGS), Family(lambda effort: methods.trws(effort, methods.GIVEN)),
            Family(lambda cycles: methods.alpha_expansion(cycles, methods.GIVEN), CYCLES)]


def measure_accuracy(problem, rounds, progress, processor_time=False, compared=None):
    """Run methods with more and more iterations, until they take too long or have solved the problem with proof.

    Parameters
    ----------
    problem : benchmarks.measuring.given.GivenProblem
    rounds : int
        The first shows how far each method goes; in the others the methods take turns.
    progress : data_prep.progress.Progress
        Advanced rounds times for each method.
    processor_time : bool
        Give all methods one thread, and count the time that they work: a measure on a machine that does other work,
        too. If not set, DualMM has `THREADS`, and what counts is the time that one waits.
    compared : sequence of Family, optional
        Instead of `families`.

    Returns
    -------
    dict
        ``problem``, its name; ``processor_time``; ``optimum``, None where it is not known; ``least_costs``, the sum of
        the least unary costs; ``argmin_energy``, of the labels that have them; ``rows``, dicts of name, effort,
        threads, seconds (a list over rounds), energy, and lower_bound (None where the method has none).
    """
    compared = families(1 if processor_time else THREADS) if compared is None else compared
    clock = time.process_time if processor_time else time.perf_counter
    for family in compared:
        family.make(family.efforts[0]).on(problem)()  # compiles
    explored = []
    for family in compared:
        explored.append(list(_explore(problem, family, clock)))
        progress.advance(explored[-1][0][0].name)
    for _ in range(rounds - 1):
        for pairs in explored:
            for method, row in pairs:
                row["seconds"].append(_timed(problem, method, clock)[0])
            progress.advance(pairs[0][0].name)
    return {"problem": problem.name, "processor_time": processor_time, "optimum": problem.optimum,
            "least_costs": problem.least_costs,
            "argmin_energy": _energy(problem, problem.costs[0].argmin(axis=0)),
            "rows": [row for pairs in explored for _, row in pairs]}


def _explore(problem, family, clock):
    """Yield pairs of a method and its row, by growing effort."""
    for method in map(family.make, family.efforts):
        seconds, solution = _timed(problem, method, clock)
        energy, bound = _energy(problem, solution.labels), solution.lower_bound
        yield method, {"name": method.name, "effort": method.effort, "threads": method.threads, "seconds": [seconds],
                       "energy": energy, "lower_bound": bound}
        solved = bound is not None and energy - bound <= SOLVED * (energy - problem.least_costs)
        if seconds > LONGEST or solved:
            return


def _energy(problem, labels):
    return float(theano_crf.energy(problem.costs, problem.weights, labels[None])[0])


def _timed(problem, method, clock):
    solve = method.on(problem)
    begin = clock()
    solution = solve()
    return clock() - begin, solution
