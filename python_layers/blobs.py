"""Bottoms and tops of a Python layer: their number, and lists of them."""


def check_blob_counts(layer, bottom, top, bottoms, tops):
    """Raise a ValueError unless a layer got an allowed number of bottoms and tops."""
    name = type(layer).__name__
    for kind, given, allowed in (("bottom", len(bottom), bottoms), ("top", len(top), tops)):
        if given not in allowed:
            raise ValueError(f"{name} got {given} {kind} blobs, allowed is {' or '.join(map(str, allowed))}.")


def as_list(blobs):
    """Return bottoms or tops as a list: Caffe's own vector can be indexed but not iterated over."""
    return [blobs[index] for index in range(len(blobs))]
