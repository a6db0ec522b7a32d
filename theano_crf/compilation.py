"""The announcement of the C++ compiler on a terminal: once per function, instruction set and compile folder."""
import contextlib
import os
import sys

import theano

from .native_op import SOURCES_DIGEST


@contextlib.contextmanager
def announced(name, instructions):
    """Announce on a terminal that the `with` block compiles a function, unless Theano's compile folder has it already.

    Parameters
    ----------
    name : str
        The function's name.
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
        with contextlib.suppress(OSError):  # the folder may be read-only
            open(mark, "w").close()
