"""Theano's compile folder: the announcement of the compiler on a terminal, and keys that are whole at any moment."""
import contextlib
import os
import pickle
import sys
import time

import theano
from theano.gof import cmodule

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


def save_keys(keys):
    """Replace the file of a compiled module's keys in one step.

    Theano writes over it. A process that starts at that moment finds it cut short and deletes the module, which the
    others still use.

    Parameters
    ----------
    keys : theano.gof.cmodule.KeyData
    """
    content = pickle.dumps(keys, protocol=pickle.HIGHEST_PROTOCOL)
    temporary = "%s.%d" % (keys.key_pkl, os.getpid())
    with open(temporary, "wb") as file:
        file.write(content)
    os.replace(temporary, keys.key_pkl)


def last_access_time(path, original=cmodule.last_access_time):
    """Return the time of a file's last use; now, where another process has just deleted it, at which Theano fails."""
    try:
        return original(path)
    except FileNotFoundError:
        return time.time()


cmodule.KeyData.save_pkl = save_keys
cmodule.last_access_time = last_access_time
