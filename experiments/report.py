"""Write the report of an experiment: `python3 -m experiments.report --config CONFIG`.

<build>/report/index.html holds the table of rows, the paper's table 1 with ours beside, the training curve over all
stages (figure 3), the parameter search where there was one, overlays (figure 4), enlarged regions with the pairwise
weights (figure 5), the classes' scores, signs of the training's health and the configuration. The folder needs nothing
outside it.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

from experiments.reporting.page import write_report
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.settings.config import load_config


def main(arguments=None):
    parser = experiment_parser(__doc__)
    add_splits(parser, "splits whose evaluations are reported; the pictures are of the first")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    page = write_report(config, build_folder(options, config), options.split or config.scored_splits)
    print(f"the report is {page}")
    return 0


if __name__ == "__main__":
    run_command(main)
