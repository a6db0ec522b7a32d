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
        except Exception:  # of any kind: it is shown and raised again
            traceback.print_exc()
            sys.stderr.flush()
            raise
    return wrapper
