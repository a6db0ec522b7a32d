"""Write the page of a study: `python3 -m experiments.study_report --config CONFIG`.

<build>/study/report/index.html shows each row's seeds with their mean, paired differences to the joint row and to the
best control with intervals over seeds and over blocks of images, and each class. The folder needs nothing outside it.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

from experiments.reporting.study_page import write_study_report
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.settings.config import load_config
from experiments.studies.folders import StudyFolder


def main(arguments=None):
    parser = experiment_parser(__doc__)
    add_splits(parser, "splits whose results are shown")
    options = parser.parse_args(arguments)
    config = load_config(options.config)
    page = write_study_report(StudyFolder(build_folder(options, config)), options.split or config.scored_splits)
    print(f"the report is {page}")
    return 0


if __name__ == "__main__":
    run_command(main)
