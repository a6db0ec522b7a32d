"""Times of several runs, taken in turns so that a noisy minute hits them all alike."""

import statistics
import time
from typing import Callable, NamedTuple, Tuple


class Run(NamedTuple):
    """A function to time, under a name.

    Attributes
    ----------
    name : str
    prepare : callable
        Called before each timing, without arguments; returns the function that is timed, without arguments too.
    """

    name: str
    prepare: Callable


class Timing(NamedTuple):
    """Seconds of one run, an entry per round."""

    seconds: Tuple[float, ...]

    @property
    def median(self):
        return statistics.median(self.seconds)

    @property
    def least(self):
        return min(self.seconds)

    @property
    def most(self):
        return max(self.seconds)

    def ratio(self, other):
        """Return the median over rounds of this run's time divided by another's in the same round."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.seconds, other.seconds))


def time_in_turns(runs, rounds, progress, clock=time.perf_counter):
    """Time each run once per round, after one round that is not timed.

    Parameters
    ----------
    runs : sequence of Run
    rounds : int
    progress : data_prep.progress.Progress
        Advanced (rounds + 1) * len(runs) times.
    clock : callable
        Seconds.

    Returns
    -------
    timings : dict of str to Timing
    results : dict of str to object
        The results of the runs, of the round that is not timed.
    """
    seconds, results = {run.name: [] for run in runs}, {}
    for turn in range(rounds + 1):
        for run in runs:
            timed = run.prepare()
            begin = clock()
            result = timed()
            elapsed = clock() - begin
            if turn == 0:
                results[run.name] = result
            else:
                seconds[run.name].append(elapsed)
            progress.advance(run.name)
    return {name: Timing(tuple(values)) for name, values in seconds.items()}, results
