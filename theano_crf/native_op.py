"""Theano Ops that exist in C++ only (folder ``native``): how they are compiled."""
import hashlib
import os

import theano
import theano.tensor as T
from theano.gof import Op

from . import constants, instruction_sets

# The part of -O3 that the kernels are faster with; all of it would take two fifths longer to compile. Theano asks for
# debugging information, which would take as long again.
OPTIMISATION = ("-O2", "-ftree-loop-vectorize", "-fvect-cost-model=dynamic", "-fpeel-loops", "-fsplit-loops",
                "-ftree-partial-pre", "--param=early-inlining-insns=14", "--param=max-inline-insns-auto=30",
                "--param=inline-min-speedup=15", "-g0")
NATIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "native")


def _sources_digest():
    """Return a number that changes with any of the C++ sources, so that Theano compiles edited ones again."""
    digest = hashlib.sha256()
    for name in sorted(os.listdir(NATIVE)):
        with open(os.path.join(NATIVE, name), "rb") as source:
            digest.update(name.encode() + b"\0" + source.read())
    return int(digest.hexdigest()[:12], 16)


SOURCES_DIGEST = _sources_digest()


def as_tensor(value, dtype, ndim):
    """Return a value as a Theano variable of that type and number of axes."""
    variable = T.as_tensor_variable(value)
    if variable.ndim != ndim:
        raise ValueError("an input has %d axes; it must have %d" % (variable.ndim, ndim))
    if dtype.startswith("int") and variable.dtype not in T.discrete_dtypes:
        raise TypeError("an input has dtype %s; it must hold whole numbers: cast it to %s" % (variable.dtype, dtype))
    if variable.dtype != dtype:
        variable = T.cast(variable, dtype)
    return variable


class NativeOp(Op):
    """An Op that exists in C++ only; its sources are compiled once and kept in Theano's compile folder.

    ``header`` declares the C++ ``function``. It takes the fields of ``params_type``, if there is one, then the
    inputs, then the addresses of the outputs. Settings are fields, so one compiled function serves all their values.
    """

    __props__ = ()

    def c_headers(self):
        return ['"%s"' % self.header]

    def c_header_dirs(self):
        return [NATIVE]

    def c_compile_args(self):
        # Without contraction to fused multiply-adds every instruction set rounds alike. -Wpsabi warns of vectors
        # that are passed to functions; here all of these are inlined.
        return [*OPTIMISATION, "-std=c++11", "-fopenmp", "-ffp-contract=off", "-Wno-psabi",
                *("-DCRF_%s=%s" % macro for macro in sorted(constants.NATIVE.items()))]

    def c_code_cache_version(self):
        return (SOURCES_DIGEST,)

    def c_code(self, node, name, inputs, outputs, sub):
        settings = self.params_type.fields if "params" in sub else ()
        arguments = ["%s->%s" % (sub["params"], setting) for setting in settings]
        arguments += list(inputs) + ["&" + output for output in outputs]
        return "if (!crf::%s(%s)) { %s }" % (self.function, ", ".join(arguments), sub["fail"])

    def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
        if not theano.config.cxx:
            raise RuntimeError("Theano found no C++ compiler; theano_crf needs one: install g++ "
                               "or name one in THEANO_FLAGS=cxx=...")
        return super().make_thunk(node, storage_map, compute_map, no_recycling, impl="c")


class KernelOp(NativeOp):
    """A ``NativeOp`` whose C++ is compiled for one instruction set, chosen when the Op is made, and one solver.

    ``model`` is the solver, one of MODELS: a module with all of them would take three times as long to compile.
    """

    __props__ = ("instructions",)
    model = "papers"

    def __init__(self):
        self.instructions = instruction_sets.chosen()

    def c_compile_args(self):
        _, lanes = instruction_sets.SETS[self.instructions]
        return [*super().c_compile_args(), "-DCRF_LANES=%d" % lanes,
                "-DCRF_MODEL=%d" % constants.MODELS.index(self.model)]
