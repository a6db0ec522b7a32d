"""The further rows of an experiment's evaluation: those that were asked for, and those that were trained."""

import json

from data_prep.atomic_files import write_atomically
from experiments.scoring.result_rows import ROWS, STUDY_ROWS, find_rows
from experiments.settings.build_paths import FINAL, Build
from prototxt.stages import VARIANTS


def ask_for(build, keys):
    """Note rows of results, by their keys, that evaluations of a build folder shall show from now on.

    Raises
    ------
    ValueError
        If there is no such row, or the list of those asked for is damaged.
    """
    build = Build(build)
    wanted = {row.key for row in find_rows(keys)} | _asked_for(build)
    write_atomically(build.shown_rows, json.dumps([row.key for row in STUDY_ROWS if row.key in wanted]) + "\n")


def shown_rows(build):
    """Return the rows beside the paper's that an evaluation shows, in the table's order.

    They are those that were asked for, and those of trained variants that label with the settings of training. Rows
    whose weights are not there are left out.
    """
    build = Build(build)
    asked = _asked_for(build)
    return tuple(row for row in STUDY_ROWS
                 if row not in ROWS and (build.stage(row.stage) / FINAL).exists()
                 and not row.candidates and (row.key in asked or (row.stage in VARIANTS and not row.labelling)))


def _asked_for(build):
    if not build.shown_rows.exists():
        return set()
    try:
        return {row.key for row in find_rows(json.loads(build.shown_rows.read_text()))}
    except (ValueError, TypeError) as error:
        raise ValueError(f"{build.shown_rows} is damaged ({error}); remove it and ask for the rows again.") from None
