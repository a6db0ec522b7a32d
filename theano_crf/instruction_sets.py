"""The instruction set for which the C++ kernels are compiled: the best that this processor has."""
import functools
import os

# name -> (flag of the processor, lanes of a vector)
SETS = {"baseline": (None, 4), "avx2": ("avx2", 8), "avx512": ("avx512f", 16)}
VARIABLE = "THEANO_CRF_INSTRUCTIONS"  # environment variable with the best set that is allowed
CPU_INFORMATION = "/proc/cpuinfo"


def chosen():
    """Return the key of `SETS` for which a function is compiled now.

    Each set is compiled alone when it is first needed, which takes seconds instead of the minute for all sets. Theano
    keeps compiled modules by their compiler options, so machines of several kinds may share a compile folder.
    """
    names = list(SETS)
    most = os.environ.get(VARIABLE)
    allowed = names[:names.index(most) + 1] if most in names else names
    return next(name for name in reversed(allowed) if SETS[name][0] is None or SETS[name][0] in _processor_flags())


@functools.lru_cache(maxsize=None)
def _processor_flags():
    """Return the flags of an x86-64 processor that the system lets programs use; none on other processors."""
    try:
        with open(CPU_INFORMATION) as lines:
            return frozenset(next((line for line in lines if line.startswith("flags")), "").split())
    except OSError:
        return frozenset()
