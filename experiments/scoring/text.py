"""Scores, resolutions and tables as text."""


def percent(value):
    """Return a score with two decimals, "-" for None."""
    return "-" if value is None else f"{value:.2f}"


def resolution(metadata, split):
    """Describe the resolution of a split's images, and their sizes: scores at different ones can't be compared.

    Parameters
    ----------
    metadata : data_prep.store.metadata.Metadata
    split : str
    """
    names = {1: "full resolution", 2: "half resolution"}
    name = names.get(metadata.subsampling, f"1/{metadata.subsampling} of the resolution")
    sizes = ", ".join(f"{width} x {height}" for height, width in metadata.sizes[split])
    return f"{name} ({sizes})"


def difference(entry):
    """Return a difference with its interval; `entry` is a result of `experiments.scoring.bootstrap.compared`."""
    return f"{entry['classes']:+.2f} ({entry['low']:+.2f} to {entry['high']:+.2f})"


def aligned_table(header, rows):
    """Lay out a table of strings: the first column left-aligned, the others right-aligned, two blanks between them.

    Parameters
    ----------
    header : sequence of str
    rows : sequence of sequences of str

    Returns
    -------
    str
    """
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return "\n".join(_aligned_line(line, widths) for line in lines)


def _aligned_line(line, widths):
    cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
    return "  ".join(cells).rstrip()
