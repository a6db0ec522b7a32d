"""Accuracy over time on one problem: the time after which each method is within a share of the optimum."""

import statistics

SHARES = (0.01, 0.001, 0.0001)  # of the optimum's height above the sum of the least unary costs
PROOF = 0.0001                  # of the same: a method's energy is proven where its own bound is that near


class Accuracy:
    """Accuracy over time on one problem.

    Parameters
    ----------
    measured : dict
        See `benchmarks.measuring.accuracy.measure_accuracy`.

    Attributes
    ----------
    problem : str
    processor_time : bool
        The times are those that one thread works, not those that one waits.
    optimum : float
        As it is known, or the least energy that was met if that is less.
    height : float
        Of the optimum above the sum of the least unary costs.
    way : float
        From the energy of the labels of least unary cost down to the optimum, as a share of the height.
    """

    def __init__(self, measured):
        self.problem, self.rows, self.least_costs = measured["problem"], measured["rows"], measured["least_costs"]
        self.processor_time = measured["processor_time"]
        known = [] if measured["optimum"] is None else [measured["optimum"]]
        self.optimum = min([row["energy"] for row in self.rows] + known)
        self.height = self.optimum - self.least_costs
        self.way = (measured["argmin_energy"] - self.optimum) / self.height

    @property
    def names(self):
        """The methods' names, in the order in which they were measured."""
        return list(dict.fromkeys(row["name"] for row in self.rows))

    def curve(self, name):
        """Return a method's times, energies and bounds by growing effort.

        Returns
        -------
        seconds : list of float
            Medians.
        above, below : list of float
            How far the energy is above the optimum and the bound below it, as shares of the height; `below` has None
            where the method has no bound.
        """
        rows = [row for row in self.rows if row["name"] == name]
        return ([statistics.median(row["seconds"]) for row in rows],
                [(row["energy"] - self.optimum) / self.height for row in rows],
                [None if row["lower_bound"] is None else (self.optimum - row["lower_bound"]) / self.height
                 for row in rows])

    def time_to(self, name, share):
        """Return the least seconds after which a method's energy is within a share of the optimum; None if never."""
        seconds, above, _ = self.curve(name)
        return min((time for time, distance in zip(seconds, above) if distance <= share), default=None)

    def time_to_bound(self, name, share):
        """Return the least seconds after which a method's bound is within a share of the optimum; None if never."""
        seconds, _, below = self.curve(name)
        return min((time for time, distance in zip(seconds, below) if distance is not None and distance <= share),
                   default=None)

    def time_to_proof(self, name, share=PROOF):
        """Return the least seconds after which a method's own bound is within a share of its energy; None if never."""
        seconds, above, below = self.curve(name)
        return min((time for time, up, down in zip(seconds, above, below) if down is not None and up + down <= share),
                   default=None)
