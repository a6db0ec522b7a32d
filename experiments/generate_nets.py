"""Write the nets and solvers of an experiment: `python3 -m experiments.generate_nets --config CONFIG`.

They land in <build>/nets/<stage>/ as train.prototxt, val.prototxt, deploy.prototxt and solver.prototxt, and
`caffe train -solver <build>/nets/<stage>/solver.prototxt`, started in the repository's root, takes them as they stand.
A copy of the configuration lies beside them, <build>/nets/config.yaml: by it other commands know nets of another one.
Of Cityscapes, whose splits and sizes are known beforehand, --nominal writes them without the dataset.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

from pathlib import Path

from data_prep.atomic_files import write_atomically
from experiments.nets.definitions import generate_nets, nominal_metadata, write_nets
from experiments.runtime.command_line import build_folder, experiment_parser, run_command
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config


def main(arguments=None):
    parser = experiment_parser(__doc__)
    parser.add_argument("--nets", type=Path, help="folder of nets and solvers (default: <build>/nets)")
    parser.add_argument("--nominal", action="store_true", help="before there is an LMDB, for Cityscapes")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    build = Build(build_folder(options, config))
    if options.nominal:
        write_nets(config, nominal_metadata(config.dataset), build, options.nets or build.nets)
    elif options.nets:
        write_nets(config, build.metadata(), build, options.nets)
    else:
        generate_nets(config, build)
        write_atomically(build.nets_configuration, options.config.read_bytes())
    return 0


if __name__ == "__main__":
    run_command(main)
