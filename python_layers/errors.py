"""Tracebacks of errors in Python layers: Caffe's command line tool alone would only say `error_already_set`."""

import functools
import sys
import traceback
from contextlib import contextmanager

_quiet = False


@contextmanager
def quiet_errors():
    """Within a `with` statement, print no tracebacks of layers: for programs that report errors themselves."""
    global _quiet
    before, _quiet = _quiet, True
    try:
        yield
    finally:
        _quiet = before


def shows_errors(method):
    """Print the traceback of whatever a layer's method raises, then let Caffe stop."""
    @functools.wraps(method)
    def wrapper(self, bottom, top, *rest):
        try:
            return method(self, bottom, top, *rest)
        except Exception:  # of any kind: it is shown and raised again
            if not _quiet:
                traceback.print_exc()
                sys.stderr.flush()
            raise
    return wrapper
