"""A table whose rows are shown as they are measured."""

from experiments.scoring.text import aligned_table


def growing_table(header, rows):
    """Yield the lines of an aligned table: the header at once, then a line per row as it comes.

    Parameters
    ----------
    header : sequence of str
        Gives the columns their widths.
    rows : iterable of sequences of str
        Cells that are no wider than the header's.

    See Also
    --------
    experiments.scoring.text.aligned_table
    """
    yield aligned_table(header, [])
    for row in rows:
        yield aligned_table(header, [row]).splitlines()[1]
