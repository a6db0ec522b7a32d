"""Scores and resolutions as text."""


def percent(value):
    """Return a score of a JSON file with two decimals, "-" for None."""
    return "-" if value is None else f"{value:.2f}"


def resolution(metadata, split):
    """Return the resolution of a split's images in words, with their sizes: scores at another one do not compare.

    Parameters
    ----------
    metadata : data_prep.store.metadata.Metadata
    split : str
    """
    share = {1: "full resolution", 2: "half resolution"}
    name = share.get(metadata.subsampling, f"1/{metadata.subsampling} of the resolution")
    sizes = ", ".join(f"{width} x {height}" for height, width in metadata.sizes[split])
    return f"{name} ({sizes})"
