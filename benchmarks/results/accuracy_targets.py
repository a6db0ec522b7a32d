"""Targets of accuracy over time: the solver against the better of TRW-S and alpha expansion."""

import math

from benchmarks.measuring.photographs import PHOTOGRAPHS
from benchmarks.measuring.problem import FRAME
from benchmarks.results.accuracy import SHARES
from benchmarks.results.target import Target
from benchmarks.solvers.methods import DECODINGS

OWN = tuple(f"dual_mm {decode}" for decode in DECODINGS)
PEERS = ("TRW-S", "alpha expansion")


def accuracy_targets(measured):
    """List the targets of the problems that were measured.

    Parameters
    ----------
    measured : sequence of benchmarks.results.accuracy.Accuracy

    Returns
    -------
    list of benchmarks.results.target.Target
        Times are those of the best of DualMM's decodings. What was never reached takes for ever.
    """
    photographs = tuple(photograph.name for photograph in PHOTOGRAPHS)
    listed = []
    for accuracy in measured:
        if accuracy.problem.startswith(FRAME) and not accuracy.processor_time:
            listed += _frame(accuracy)
        if accuracy.problem.startswith("tsukuba"):
            listed.append(_tsukuba(accuracy))
        if accuracy.problem.startswith(photographs):
            listed += [_photograph(accuracy, share) for share in SHARES]
    return [target for target in listed if target]


def _earliest(times):
    return min((time for time in times if time is not None), default=math.inf)


def _frame(accuracy):
    """Of the way from the labels of least unary cost to the optimum, all but 0.01 % closed, and as much proven."""
    share = 1e-4 * accuracy.way
    return [Target("seconds until 99.99 % of the way from argmax is closed",
                   _earliest(accuracy.time_to(name, share) for name in OWN), 1.0),
            Target("seconds until the bound is within 0.01 % of that way of the energy",
                   _earliest(accuracy.time_to_proof(name, share) for name in OWN), 2.5)]


def _tsukuba(accuracy):
    """The optimum proven, its bound within 1, before a peer's energy is within 0.1 %."""
    own = _earliest(accuracy.time_to_bound(name, 1 / accuracy.height) for name in OWN)
    peers = _earliest(accuracy.time_to(name, 0.001) for name in PEERS)
    return Target("tsukuba: proving the optimum takes so many times as long as the better peer to 0.1 %",
                  _quotient(own, peers), 1.0)


def _photograph(accuracy, share):
    own = _earliest(accuracy.time_to(name, share) for name in OWN)
    peers = _earliest(accuracy.time_to(name, share) for name in PEERS)
    if own == peers == math.inf:
        return None
    return Target(f"{accuracy.problem}: {100 * share:g} % takes so many times as long as the better peer",
                  _quotient(own, peers), 1.0)


def _quotient(own, peers):
    return own / peers if own < math.inf else math.inf  # 0 where only the peers never got there
