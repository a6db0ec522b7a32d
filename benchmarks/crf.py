"""Measure the CRF's solver beside other methods: `python3 -m benchmarks.crf [--frame FOLDER] [--published FOLDER]`.

Writes bench.txt, bench.json and pictures to the output folder, and says which targets are met. A part that was
finished before an interruption is not measured again. Let nothing else run on the machine meanwhile.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import argparse
from pathlib import Path

from benchmarks.measuring.given import PUBLISHED, read_published
from benchmarks.measuring.machine import machine
from benchmarks.measuring.parts import OPTIONAL, PARTS, Benchmark
from benchmarks.measuring.problem import Source
from benchmarks.results.files import write_files
from data_prep.number_types import positive_integer
from experiments.runtime.command_line import run_command


def _parser():
    summary, _, rest = __doc__.partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=rest,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frame", metavar="FOLDER", help="holds half.npz (default: a drawn frame of the same size)")
    parser.add_argument("--published", metavar="FOLDER",
                        help=f"holds {' and '.join(f'{name}.npz' for name in PUBLISHED)} (default: they are left out)")
    parser.add_argument("--parts", nargs="+", choices=list(PARTS), metavar="PART",
                        help=f"of {', '.join(PARTS)} (default: all but {OPTIONAL})")
    parser.add_argument("--output", type=Path, default=Path("build/bench"))
    parser.add_argument("--rounds", type=positive_integer, default=5, help="of timing (default: 5)")
    parser.add_argument("--processor-time", action="store_true",
                        help="for accuracy: one thread each, and the time it works, on a machine that does other work")
    parser.add_argument("--training-step", action="store_true",
                        help="also the CRF's share of a training step of the paper's net: 3 minutes, 12 GB")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    published = [read_published(options.published, name) for name in PUBLISHED] if options.published else []
    benchmark = Benchmark(Source(options.frame), options.rounds, options.output, published, options.processor_time)
    chosen = options.parts or [part for part in PARTS if part != OPTIONAL]
    measured = benchmark.run([part for part in PARTS if part in chosen or part == OPTIONAL and options.training_step])
    text = write_files(options.output, measured, machine())
    benchmark.forget()
    print(text)
    return 0


if __name__ == "__main__":
    run_command(main)
