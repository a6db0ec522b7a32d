"""Score rows of results: `python3 -m experiments.evaluate_rows --config CONFIG --rows joint control-x3`.

The rows' weights must be trained: `make train-row ROW=<row>`. Each image's confusion matrices and edges land in
<build>/rows/<split>/<row>.npz, where a study finds them; those of a row at its own lambda are put together from them.
"""

from experiments.runtime.process_setup import prepare_process

if __name__ == "__main__":
    prepare_process()  # before NumPy is imported

import itertools

from experiments.prediction.row_labels import label_rows, read_rows
from experiments.runtime.command_line import add_splits, build_folder, experiment_parser, run_command
from experiments.scoring.bootstrap import frame_blocks
from experiments.scoring.cross_fitting import cross_fitted_counts
from experiments.scoring.edges import LEGEND
from experiments.scoring.image_counts import edge_scores
from experiments.scoring.metrics import scores_of
from experiments.scoring.result_rows import find_rows, labelled_rows
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
        labelled = labelled_rows(rows)
        for _, group in itertools.groupby(sorted(labelled, key=lambda row: row.stage), key=lambda row: row.stage):
            label_rows(config, build, tuple(group), split)
        print(_table(build.metadata(split), split, rows, *read_rows(config, build, labelled, split)))
    return 0


def _table(metadata, split, rows, names, counts):
    lines, notes, blocks = [], [], frame_blocks(names, independent=bool(metadata.generator))
    for row in rows:
        if row.candidates:
            own, chosen = cross_fitted_counts({one.key: counts[one.key] for one in row.candidates}, blocks)
            notes.append(f"{row.title}: as {chosen[0]} on the first half, as {chosen[1]} on the second")
        else:
            own = counts[row.key]
        scored, edges = scores_of(own.confusion, metadata.classes), edge_scores(own, metadata.classes)
        lines.append((row.title, percent(scored.classes), percent(scored.categories), percent(edges["band"]),
                      percent(edges["axis_aligned"])))
    lines.append(("truth", "", "", "", percent(edges["axis_aligned_truth"])))
    table = aligned_table((split, "IoU classes", "IoU categories", "IoU at edges", "edges aligned"), lines)
    return "\n".join([table, *notes, "", LEGEND])


if __name__ == "__main__":
    run_command(main)
