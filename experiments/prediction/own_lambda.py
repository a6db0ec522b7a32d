"""The row that photographs are labelled with where a row has its own lambda."""

from experiments.prediction.row_labels import read_rows
from experiments.scoring.cross_fitting import best_way


def trained_row(config, build, row):
    """Return a row with weights of its own: of one with candidates, that of the highest IoU over classes on all images.

    Parameters
    ----------
    config : experiments.settings.config.Config
        Its first scored split decides.
    build : path
    row : experiments.scoring.result_rows.Row

    Raises
    ------
    FileNotFoundError
        If a candidate is not labelled on that split.
    """
    if not row.candidates:
        return row
    split = config.scored_splits[0]
    _, counts = read_rows(config, build, row.candidates, split)
    best = best_way({key: of_row.confusion.sum(axis=0) for key, of_row in counts.items()})
    print(f"{row.key}: labels as {best}, the best on {split}")
    return next(candidate for candidate in row.candidates if candidate.key == best)
