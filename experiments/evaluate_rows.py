"""Score rows of results: `python3 -m experiments.evaluate_rows --config CONFIG --rows joint control-x3`.

The rows' weights must be trained: `make train-row ROW=<row>`. Each image's confusion matrices and edges land in
<build>/rows/<split>/<row>.npz, where a study finds them.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import itertools

from experiments.prediction.row_labels import label_rows, read_counts, row_labellers, row_mark
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.scoring.edges import LEGEND
from experiments.scoring.image_counts import edge_scores
from experiments.scoring.metrics import scores_of
from experiments.scoring.result_rows import find_rows
from experiments.scoring.text import aligned_table, percent
from experiments.settings.build_paths import Build
from experiments.settings.config import load_config


def main(arguments=None):
    parser = experiment_parser(__doc__)
    add_splits(parser, "splits that are scored")
    parser.add_argument("--rows", nargs="+", required=True, metavar="ROW", help="keys of rows of results")
    options = parser.parse_args(arguments)
    config, rows = load_config(options.config), find_rows(options.rows)
    build = Build(build_folder(options, config))
    for split in options.split or config.scored_splits:
        labellers = row_labellers(config, build, rows, split)
        for _, group in itertools.groupby(sorted(rows, key=lambda row: row.stage), key=lambda row: row.stage):
            label_rows(config, build, tuple(group), split)
        print(_table(build, split, labellers))
    return 0


def _table(build, split, labellers):
    classes, lines = build.metadata(split).classes, []
    for row, labeller in labellers.items():
        _, counts = read_counts(build.row_confusions(split, row.key), row_mark(build, split, labeller))
        scored, edges = scores_of(counts.confusion, classes), edge_scores(counts, classes)
        lines.append((row.title, percent(scored.classes), percent(scored.categories), percent(edges["band"]),
                      percent(edges["axis_aligned"])))
    lines.append(("truth", "", "", "", percent(edges["axis_aligned_truth"])))
    table = aligned_table((split, "IoU classes", "IoU categories", "IoU at edges", "edges aligned"), lines)
    return f"{table}\n\n{LEGEND}"


if __name__ == "__main__":
    run_command(main)
