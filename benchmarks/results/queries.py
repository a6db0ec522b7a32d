"""Questions to the results of the solver's benchmark, the dictionary that bench.json holds."""

from benchmarks.measuring.timing import Timing
from benchmarks.results.accuracy import Accuracy
from benchmarks.solvers.methods import ITERATIONS


class Results:
    """The results, by method and part.

    Parameters
    ----------
    results : dict
        Of `benchmarks.measuring.parts.PARTS`, any of which may be missing.

    Attributes
    ----------
    accuracy : list of benchmarks.results.accuracy.Accuracy
    models : list of dict
        See `benchmarks.measuring.neighbourhoods.measure_models`.
    peers : list of Results
        Of the comparisons with 8 neighbours.
    """

    def __init__(self, results):
        self.comparison = results.get("comparison")
        self.rows = self.comparison["rows"] if self.comparison else []
        self.accuracy = [Accuracy(measured) for measured in results.get("accuracy", ())]
        self.memory = {entry["name"]: entry["bytes"] for entry in results.get("memory", ())}
        measured = results.get("neighbourhoods", {})
        self.models = measured.get("models", [])
        self.peers = [Results({"comparison": comparison}) for comparison in measured.get("peers", ())]
        self.growth = results.get("growth")
        self.compile = results.get("compile")
        self.training_step = results.get("training_step")

    def model(self, height, neighbours, general=False):
        """Return the row of a neighbourhood on images of a height; KeyError where it was not measured."""
        for row in self.models:
            if (row["height"], row["neighbours"], row["general"]) == (height, neighbours, general):
                return row
        raise KeyError(f"{height}, {neighbours}, {general}")

    def row(self, name, effort=ITERATIONS, threads=2, kind="-p"):
        """Return the row of a method; KeyError where it was not measured."""
        for row in self.rows:
            if (row["name"], row["effort"], row["threads"], row["kind"]) == (name, effort, threads, kind):
                return row
        raise KeyError(f"{name}, {effort}, {threads} threads, {kind}")

    def floor(self, threads, in_place=False):
        """Return the memory floor's entry, None where it was not measured with that many threads."""
        entries = [floor for floor in self.comparison["floors"]
                   if (floor["threads"], floor["in_place"]) == (threads, in_place)]
        return entries[0] if entries else None

    def floors(self, row, in_place=False):
        """Return a row's time as a multiple of the memory floor with as many threads; None without a floor."""
        floor = self.floor(row["threads"], in_place)
        return None if floor is None else ratio(row, floor)

    def best_bound(self, kind):
        """Return the largest lower bound that any method proved for a kind of unary costs."""
        return max(row["lower_bound"] for row in self.rows if row["kind"] == kind and row["lower_bound"] is not None)

    def closed(self, row):
        """Return a row's share of the way from the argmax's energy to the best bound, at most 1."""
        argmax = self.comparison["argmax_energy"][row["kind"]]
        return (argmax - row["energy"]) / (argmax - self.best_bound(row["kind"]))

    def volumes(self, name):
        """Return a method's peak of extra memory in volumes (K, H, W) of float32.

        None where that, or the comparison, which tells the size of a volume, was not measured.
        """
        measured = self.comparison and name in self.memory
        return self.memory[name] / self.comparison["volume_bytes"] if measured else None


def ratio(entry, other):
    """Return the median over rounds of the quotients of two entries' seconds."""
    return Timing(tuple(entry["seconds"])).ratio(Timing(tuple(other["seconds"])))


def spread(seconds, scale=1e3):
    """Return median and range as two texts, in milliseconds; a scale of 1 leaves seconds."""
    median = scale * Timing(tuple(seconds)).median
    digits = 1 if median < 1000 else 0
    return f"{median:.{digits}f}", f"{scale * min(seconds):.{digits}f} .. {scale * max(seconds):.{digits}f}"
