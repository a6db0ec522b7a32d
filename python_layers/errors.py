"""Errors of Python layers, shown: the command line tool of Caffe would only say `error_already_set`."""

import functools
import sys
import traceback


def shows_errors(method):
    """Print the traceback of whatever a layer's method raises, then let Caffe stop."""
    @functools.wraps(method)
    def wrapper(self, bottom, top, *rest):
        try:
            return method(self, bottom, top, *rest)
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            raise
    return wrapper


def check_blob_counts(layer, bottom, top, bottoms, tops):
    """Raise a ValueError unless a layer got an allowed number of bottoms and tops."""
    name = type(layer).__name__
    for what, found, allowed in (("bottom", len(bottom), bottoms), ("top", len(top), tops)):
        if found not in allowed:
            raise ValueError(f"{name} got {found} {what} blobs, allowed is {' or '.join(map(str, allowed))}.")
