"""All methods on one problem, in turns with the memory floor: time, energy and bound."""

import functools
import hashlib

import numpy as np

import theano_crf
from benchmarks.measuring.memory_floor import MemoryFloor
from benchmarks.measuring.threads import openmp_threads
from benchmarks.measuring.timing import Run, time_in_turns
from benchmarks.solvers import methods

EFFORTS = (1, 2, 4, 8, 15, 30, 60, 200)  # iterations of DualMM
MEAN_FIELD_EFFORTS = (1, 2, 5, 10)
NUMPY_EFFORTS = (1, 15)
TRWS_EFFORTS = (1, 4, 15, 60)
CYCLES = (1, methods.UNTIL_CONVERGENCE)
FLOORS = ((1, False), (2, False), (1, True), (2, True))  # threads, in place


def compared_methods():
    """Return all methods at all efforts with costs -p, and with -log p those whose energies are known."""
    chosen = [methods.dual_mm(decode, effort) for decode in methods.DECODINGS for effort in EFFORTS]
    chosen += [methods.dual_mm(decode, threads=threads) for decode in ("argmin", "icm") for threads in (1, 4)]
    chosen += [methods.ssvm(threads=threads) for threads in (1, 2)]
    chosen += [methods.alpha_expansion(cycles) for cycles in CYCLES]
    chosen += [methods.trws(effort) for effort in TRWS_EFFORTS]
    chosen += [methods.plain_numpy(effort) for effort in NUMPY_EFFORTS]
    chosen += [methods.dual_mm(decode, effort, kind="-log p")
               for decode, effort in (("argmin", 15), ("icm", 15), ("icm", 200))]
    return chosen + [methods.dense_crf(effort) for effort in MEAN_FIELD_EFFORTS]


def compare(problem, compared, rounds, folder, progress):
    """Time methods and the memory floor in turns.

    Parameters
    ----------
    problem : benchmarks.measuring.problem.Problem
    compared : sequence of benchmarks.solvers.methods.Method
    rounds : int
    folder : path
        Keeps the floor's compiled triad.
    progress : data_prep.progress.Progress
        Advanced (rounds + 1) * (len(compared) + len(FLOORS)) times.

    Returns
    -------
    dict
        ``problem``, its name; ``volume_bytes``; ``argmax_energy``, a dict by kind of unary costs. ``floors``, dicts of
        threads, in_place, seconds, and traffic in bytes. ``rows``, dicts of name, effort, threads, kind, seconds,
        energy (with that kind of costs), lower_bound (None where the method has none), and labels, their digest.
    """
    floor = MemoryFloor(problem.probability.size, folder)
    floor_runs = [Run(f"memory floor{' in place' * in_place}, threads {threads}",
                      functools.partial(_floor, floor, threads, in_place)) for threads, in_place in FLOORS]
    runs = floor_runs + [Run(method.key, functools.partial(method.on, problem)) for method in compared]
    timings, solutions = time_in_turns(runs, rounds, progress)
    floors = [{"threads": threads, "in_place": in_place, "seconds": list(timings[run.name].seconds),
               "traffic": floor.traffic(2 * methods.ITERATIONS)}
              for (threads, in_place), run in zip(FLOORS, floor_runs)]
    argmax = problem.probability[0].argmax(axis=0)
    return {"problem": problem.name, "volume_bytes": problem.volume_bytes,
            "argmax_energy": {kind: _energy(problem, kind, argmax) for kind in sorted({m.kind for m in compared})},
            "floors": floors,
            "rows": [_row(problem, method, timings[method.key], solutions[method.key]) for method in compared]}


def _floor(floor, threads, in_place):
    def timed():
        with openmp_threads(threads):
            floor.run(2 * methods.ITERATIONS, in_place)
    return timed


def _row(problem, method, timing, solution):
    labels = np.ascontiguousarray(solution.labels, np.int32)
    return {"name": method.name, "effort": method.effort, "threads": method.threads, "kind": method.kind,
            "seconds": list(timing.seconds), "energy": _energy(problem, method.kind, labels),
            "lower_bound": solution.lower_bound, "labels": hashlib.sha256(labels.tobytes()).hexdigest()[:16]}


def _energy(problem, kind, labels):
    return float(theano_crf.energy(problem.unary(kind), problem.weights, labels[None], problem.neighbours,
                                   problem.compatibility)[0])
