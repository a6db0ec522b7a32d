"""Measure an iteration of each stage: `python3 -m benchmarks.caffe_steps --config CONFIG`.

Runs `caffe train` with a configuration's nets at their true size, on images of random pixels and from random weights:
neither the dataset nor trained weights are needed. Each stage runs once for one iteration and once for ITERATIONS more,
in processes of their own; an iteration takes the difference divided by ITERATIONS. Printed are seconds on the clock and
of the processors, and the peak of Caffe's memory. Nets and images are written below <build>/measure and removed.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import shutil
from pathlib import Path

from benchmarks.measuring.caffe_train import measure_stages
from benchmarks.results.caffe_steps import table_lines
from data_prep.number_types import positive_integer
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.config import load_config
from prototxt.stages import STAGES


def _parser():
    parser = experiment_parser(__doc__)
    parser.add_argument("--stages", nargs="+", choices=STAGES,
                        default=[name for name, stage in STAGES.items() if not stage.control_of],
                        help="default: all but the control")
    parser.add_argument("--iterations", type=positive_integer, default=2, help="how many are timed (default: 2)")
    return parser


def main(arguments=None):
    options = _parser().parse_args(arguments)
    config = load_config(options.config)
    build = Path(build_folder(options, config)) / "measure"
    for line in table_lines(measure_stages(config, build, options.stages, options.iterations)):
        print(line, flush=True)
    shutil.rmtree(build)
    return 0


if __name__ == "__main__":
    run_command(main)
