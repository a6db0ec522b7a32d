"""The instruction set that the C++ kernels are compiled for: the best that this processor has."""
import functools
import os

# name -> (flag of the processor, lanes of a vector)
SETS = {"baseline": (None, 4), "avx2": ("avx2", 8), "avx512": ("avx512f", 16)}
VARIABLE = "THEANO_CRF_INSTRUCTIONS"  # of the environment: asks for at most that one
CPU_INFORMATION = "/proc/cpuinfo"


def chosen():
    """Return the key of `SETS` that a function compiled now is for.

    Each set is compiled by itself when it is first needed, in seconds instead of the minute for all of them. The
    compiled modules are kept by their compiler's options, so machines of several kinds may share a compile folder.
    """
    names = list(SETS)
    most = os.environ.get(VARIABLE)
    allowed = names[:names.index(most) + 1] if most in names else names
    return next(name for name in reversed(allowed) if SETS[name][0] is None or SETS[name][0] in _processor_flags())


@functools.lru_cache(maxsize=None)
def _processor_flags():
    """Flags of an x86-64 processor that the system lets programs use; none elsewhere."""
    try:
        with open(CPU_INFORMATION) as lines:
            return frozenset(next((line for line in lines if line.startswith("flags")), "").split())
    except OSError:
        return frozenset()
