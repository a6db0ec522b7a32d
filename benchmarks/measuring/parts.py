"""The parts of the solver's benchmark, each measured once and kept until all are there."""

import json
from pathlib import Path

from benchmarks.measuring.accuracy import THREADS, families, measure_accuracy
from benchmarks.measuring.comparison import FLOORS, compare, compared_methods
from benchmarks.measuring.compile_time import CALLS, compile_times
from benchmarks.measuring.given import GivenProblem
from benchmarks.measuring.growth import growth_sources, measure_growth
from benchmarks.measuring.neighbourhoods import compared_peers, measure_models, model_sources, peer_sources
from benchmarks.measuring.peak_memory import peak_extra_bytes
from benchmarks.measuring.photographs import PHOTOGRAPHS, make_problem
from benchmarks.measuring.training_step import measure_training_step
from benchmarks.solvers import methods
from data_prep.atomic_files import write_atomically
from data_prep.progress import Progress
from theano_crf.native_op import SOURCES_DIGEST

UNFINISHED = "unfinished.json"
ACCURACY_ROUNDS = 2  # each is about as long as four of the comparison
PEER_ROUNDS = 2      # alpha expansion takes long with 8 neighbours


class Benchmark:
    """One benchmark of the solver, which an interruption costs no more than the part that is being measured.

    Parameters
    ----------
    source : benchmarks.measuring.problem.Source
        The frame of the comparison, and of the training step.
    rounds : int
        Of timing; the figures are medians.
    folder : path
    published : sequence of benchmarks.measuring.given.GivenProblem
        Beside the frame and photographs, problems on which accuracy over time is measured.
    processor_time : bool
        See `benchmarks.measuring.accuracy.measure_accuracy`.
    """

    def __init__(self, source, rounds, folder, published=(), processor_time=False):
        self.source, self.rounds, self.folder = source, rounds, Path(folder)
        self.published, self.processor_time = published, processor_time
        settings = {"source": source, "rounds": rounds, "solver": SOURCES_DIGEST,
                    "published": [problem.name for problem in published], "processor_time": processor_time}
        self._settings = json.loads(json.dumps(settings))  # as they are read again

    def run(self, parts):
        """Measure the parts that are missing.

        Parameters
        ----------
        parts : sequence of str
            Names of `PARTS`.

        Returns
        -------
        dict
            The results by part.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        results = self._kept()
        for part in parts:
            if part in results:
                print(f"{part}: measured before the interruption")
                continue
            results[part] = PARTS[part](self)
            self._keep(results)
        return results

    def forget(self):
        """Remove the parts that are kept: all are there, and the next run measures them anew."""
        (self.folder / UNFINISHED).unlink()

    def _kept(self):
        try:
            kept = json.loads((self.folder / UNFINISHED).read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return kept["parts"] if kept.get("settings") == self._settings else {}

    def _keep(self, results):
        write_atomically(self.folder / UNFINISHED, json.dumps({"settings": self._settings, "parts": results}))

    def comparison(self):
        compared = compared_methods()
        with Progress("comparison", 0, (self.rounds + 1) * (len(compared) + len(FLOORS)), "run") as progress:
            return compare(self.source.load(), compared, self.rounds, self.folder, progress)

    def accuracy(self):
        frame, rounds = self.source.load(), min(self.rounds, ACCURACY_ROUNDS)
        problems = [GivenProblem(frame.name, frame.unary("-p"), frame.weights), *self.published,
                    *map(make_problem, PHOTOGRAPHS)]
        with Progress("accuracy", 0, rounds * len(families(THREADS)) * len(problems), "method") as progress:
            return [measure_accuracy(problem, rounds, progress, self.processor_time) for problem in problems]

    def neighbourhoods(self):
        models = model_sources(self.source)
        with Progress("neighbourhoods", 0, (self.rounds + 2) * len(models), "run") as progress:
            rows = measure_models(models, self.rounds, progress)
        frames, compared, rounds = peer_sources(self.source), compared_peers(), min(self.rounds, PEER_ROUNDS)
        with Progress("8 neighbours", 0, len(frames) * (rounds + 1) * (len(compared) + len(FLOORS)), "run") as progress:
            return {"models": rows, "peers": [compare(frame.load(), compared, rounds, self.folder, progress)
                                              for frame in frames]}

    def memory(self):
        measured = [methods.dual_mm(decode) for decode in methods.DECODINGS]
        measured += [methods.ssvm(), methods.alpha_expansion(), methods.dense_crf(10), methods.plain_numpy(1)]
        with Progress("memory", 0, len(measured), "method") as progress:
            peaks = []
            for method in measured:
                peaks.append({"name": method.name, "bytes": peak_extra_bytes(self.source, method)})
                progress.advance(method.name)
        return peaks

    def growth(self):
        sources = growth_sources()
        with Progress("growth", 0, (self.rounds + 1) * len(sources), "run") as progress:
            return measure_growth(sources, self.rounds, 2, progress)

    def compile(self):
        with Progress("compile", 0, 2 * len(CALLS) * self.rounds, "first call") as progress:
            return compile_times(self.rounds, self.folder, progress)

    def training_step(self):
        return measure_training_step(self.source, self.rounds, self.folder)


PARTS = {"comparison": Benchmark.comparison, "accuracy": Benchmark.accuracy, "memory": Benchmark.memory,
         "neighbourhoods": Benchmark.neighbourhoods, "growth": Benchmark.growth, "compile": Benchmark.compile,
         "training_step": Benchmark.training_step}
OPTIONAL = "training_step"
