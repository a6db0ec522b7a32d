"""The wait for the C++ compiler, said on a terminal: once per function, instruction set and compile folder."""
import contextlib
import os
import sys

import theano

from .ops import SOURCES_DIGEST


@contextlib.contextmanager
def announced(name, instructions):
    """Say on a terminal that a function is compiled, unless it has been before in Theano's compile folder.

    Parameters
    ----------
    name : str
        Of the function.
    instructions : str
        A key of ``instruction_sets.SETS``.
    """
    folder = theano.config.compiledir
    mark = os.path.join(folder, "theano_crf-%s-%s-%x" % (name, instructions, SOURCES_DIGEST))
    fresh = not os.path.exists(mark)
    if fresh and sys.stderr.isatty():
        print("theano_crf: compiling %s for %s into %s, once: some ten seconds" % (name, instructions, folder),
              file=sys.stderr, flush=True)
    yield
    if fresh:
        with contextlib.suppress(OSError):  # a folder that was made for reading only
            open(mark, "w").close()
