"""Measure the CRF's solver beside other methods: `python3 -m benchmarks.crf [--frame FOLDER]`.

Writes bench.txt, bench.json and bench.png to the output folder, and says which targets are met. A part that was
finished before an interruption is not measured again. Let nothing else run on the machine meanwhile.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
import json
import os
from pathlib import Path

from benchmarks.measuring.comparison import FLOORS, compare, compared_methods
from benchmarks.measuring.compile_time import CALLS, compile_times
from benchmarks.measuring.growth import growth_sources, measure_growth
from benchmarks.measuring.peak_memory import peak_extra_bytes
from benchmarks.measuring.problem import Source
from benchmarks.measuring.training_step import measure_training_step
from benchmarks.results.crf_results import Results
from benchmarks.results.crf_tables import report
from benchmarks.results.crf_targets import targets
from benchmarks.results.picture import energy_over_time
from benchmarks.solvers import methods
from data_prep.atomic_files import write_atomically
from data_prep.number_types import positive_integer
from data_prep.progress import Progress
from experiments.runtime.command_line import run_command
from theano_crf.ops import SOURCES_DIGEST

UNFINISHED = "unfinished.json"


class Benchmark:
    """The parts of the benchmark, each measured once and kept until all are there.

    Parameters
    ----------
    source : benchmarks.measuring.problem.Source
        The frame of the comparison, and of the training step.
    rounds : int
        Of timing; the figures are medians.
    folder : path
    """

    def __init__(self, source, rounds, folder):
        self.source, self.rounds, self.folder = source, rounds, Path(folder)
        self._settings = {"source": list(source), "rounds": rounds, "solver": SOURCES_DIGEST}

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
        """Remove what was kept for the case of an interruption."""
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


PARTS = {"comparison": Benchmark.comparison, "memory": Benchmark.memory, "growth": Benchmark.growth,
         "compile": Benchmark.compile, "training_step": Benchmark.training_step}
OPTIONAL = "training_step"


def main(arguments=None):
    options = _parser().parse_args(arguments)
    benchmark = Benchmark(Source(options.frame), options.rounds, options.output)
    measured = benchmark.run([part for part in PARTS if part != OPTIONAL or options.training_step])
    results = Results(measured)
    write_atomically(options.output / "bench.json", json.dumps(dict(measured, machine=_machine()), indent=1))
    write_atomically(options.output / "bench.png", energy_over_time(results))
    text = report(results)
    write_atomically(options.output / "bench.txt", text)
    benchmark.forget()
    print(text)
    missed = sum(not target.met for target in targets(results))
    print(f"{missed or 'no'} target{'s' * (missed != 1)} missed; {options.output}/bench.txt, bench.json, bench.png")
    return 0


def _parser():
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frame", metavar="FOLDER", help="holds half.npz (default: a drawn frame of the same size)")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=positive_integer, default=5, help="of timing (default: 5)")
    parser.add_argument("--training-step", action="store_true",
                        help="also the CRF's share of a training step of the paper's net: 3 minutes, 12 GB")
    return parser


def _machine():
    """Processor and cores, for whoever reads the figures."""
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return {"processor": names[0] if names else "unknown", "cores": os.cpu_count()}


if __name__ == "__main__":
    run_command(main)
