"""Train and score rows of results for several seeds: `python3 -m experiments.study --config CONFIG --seeds 0 1 2`.

The runs, of one thread each, are handed out to as many processes as --processes says, or to the machines of --hosts,
which share the build folder. Below <build>/study:

  seed<k>/               a build folder per seed: stages, nets, rows, and the messages of its runs
  results-<split>.json   {row: {seed: scores}}, and under `details` means, standard deviations and paired differences

The results are those of all rows and seeds that are labelled, whichever run of the study did it.
Interrupted or killed, it goes on when started again. A run that fails is named, and what does not need it goes on.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import json
import os
import sys

from data_prep.atomic_files import write_atomically
from data_prep.number_types import positive_integer, whole_number
from experiments.mpi.hosts import parse_hosts
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.scoring.result_rows import CLAIM_ROWS, STUDY_ROWS, find_rows, labelled_rows
from experiments.scoring.study_table import format_study
from experiments.settings.config import load_config
from experiments.studies.folders import StudyFolder
from experiments.studies.plan import plan
from experiments.studies.results import Results
from experiments.studies.scheduler import Scheduler
from experiments.studies.workers import Workers
from experiments.training.build_lock import build_lock
from experiments.training.signals import Interrupted, Interruption


def main(arguments=None):
    parser = experiment_parser(__doc__)
    add_splits(parser, "splits that are scored")
    parser.add_argument("--seeds", nargs="+", type=whole_number(0), default=[0, 1, 2, 3, 4], metavar="SEED",
                        help="default: 0 1 2 3 4")
    default = [row.key for row in CLAIM_ROWS]
    parser.add_argument("--rows", nargs="+", metavar="ROW", default=default, choices=[row.key for row in STUDY_ROWS],
                        help=f"default: {' '.join(default)}")
    parser.add_argument("--processes", type=positive_integer, default=len(os.sched_getaffinity(0)),
                        help="runs at once (default: one per core)")
    parser.add_argument("--hosts", help="machines and their numbers of runs, as in a:2,b:2, instead of --processes")
    parser.add_argument("--mpirun", default="", help="more options of mpirun, which starts runs on these machines")
    options = parser.parse_args(arguments)
    config, rows, seeds = load_config(options.config), find_rows(options.rows), sorted(set(options.seeds))
    for row in labelled_rows(rows):
        config.check_trainable(row.stage)
    folder, splits = StudyFolder(build_folder(options, config)), options.split or config.scored_splits
    with build_lock(folder.folder, "study"), Interruption() as interruption:
        configs = folder.prepare(config, sorted({*seeds, *folder.seeds()}))
        builds = {seed: folder.seed(seed) for seed in configs}
        results = {split: Results(config, builds, STUDY_ROWS, split) for split in splits}
        workers = Workers(_places(options))
        scheduler = Scheduler(plan(rows, seeds, splits), folder, configs, results, workers, options.mpirun)
        try:
            failures = scheduler.until_end(interruption, lambda run: _write(folder, results, [run.split]))
        except Interrupted as interrupted:
            workers.end(interrupted.args[0])
            print("study: interrupted; the same command goes on from the last snapshots")
            return interrupted.status
        written = _write(folder, results, splits)
    print("\n\n".join(format_study(result) for result in written))
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _places(options):
    """Return a machine per run at once, None for this one."""
    if not options.hosts:
        return [None] * options.processes
    return [name for name, count in parse_hosts(options.hosts).items() for _ in range(count)]


def _write(folder, results, splits):
    """Write the results of splits as far as they are known, and return them."""
    written = []
    for split in filter(None, splits):
        written.append(results[split].to_json())
        write_atomically(folder.results(split), json.dumps(written[-1], indent=1, allow_nan=False) + "\n", sync=True)
    return written


if __name__ == "__main__":
    run_command(main)
