"""The Theano functions behind the NumPy functions: made once per process for all shapes, and called."""
import functools
import os
import threading

import theano
import theano.tensor as T

from . import compilation, graph, instruction_sets
from .defaults import NEIGHBOURS

# A function's storage is shared by all its calls, and the solver gives up Python's lock. So one call at a time, which
# takes all cores.
_one_call = threading.RLock()


def _forget_calls():
    """Free the lock in a forked process, which has none of the threads that may hold it."""
    global _one_call
    _one_call = threading.RLock()


os.register_at_fork(after_in_child=_forget_calls)


def theano_function(name, decode=None, neighbours=NEIGHBOURS, general=False, gamma_axes=0, relative=False):
    """Return the Theano function behind a NumPy function; it takes any shape.

    `general` adds a compatibility (D, K, K) as the last argument.
    """
    with _one_call:  # two threads do not compile the same
        return theano_function_for(instruction_sets.chosen(), name, decode, neighbours, general, gamma_axes,
                                   relative)


@functools.lru_cache(maxsize=None)
def theano_function_for(instructions, name, decode, neighbours, general, gamma_axes, relative):
    """Return the same, cached by the instruction set, which must be the one chosen now."""
    unary, weights = T.ftensor4("unary"), T.ftensor4("weights")
    labels, iterations = T.itensor3("labels"), T.lscalar("iterations")
    compatibility = T.ftensor3("compatibility") if general else None
    crf = dict(neighbours=neighbours, compatibility=compatibility)
    if name == "contrast_weights":
        image, settings = T.ftensor4("image"), [T.fscalar(s) for s in ("alpha", "beta", "lam")]
        inputs = [image] + settings
        outputs = graph.contrast_weights(image, *settings, neighbours=neighbours, relative=relative)
    elif name == "energy":
        inputs, outputs = [unary, weights, labels], graph.energy(unary, weights, labels, **crf)
    elif name == "dual_mm":
        tolerance = T.dscalar("tolerance")
        inputs = [unary, weights, iterations, tolerance]
        solution = graph.dual_mm(unary, weights, iterations, decode, tolerance, **crf)
        outputs = [*solution, solution.proven]
    else:
        gamma, void = T.TensorType("float32", (False,) * gamma_axes)("gamma"), T.iscalar("void")
        inputs = [unary, weights, labels, gamma, void, iterations]
        structured = graph.ssvm(*inputs, decode=decode, **crf)
        outputs = [*structured, structured.grad_compatibility] if general else list(structured)
    with compilation.announced(name, instructions):
        # Only scalars are downcast, as the arrays have the right types already.
        return theano.function(inputs + [compatibility] * general, outputs, mode=keeping_memory(),
                               allow_input_downcast=True)


def keeping_memory():
    """Return the Theano mode of functions that keep their intermediate storage from call to call.

    Fresh memory costs DualMM a few percent of its time, since the system clears its pages. Setting the flag allow_gc
    has no effect here: the default mode read it when Theano was imported.
    """
    return theano.compile.mode.get_default_mode().clone(link_kwargs={"allow_gc": False})


def call(function, *arguments):
    """Call a compiled function; an error of the C++ code keeps its sentence and loses Theano's notes on the graph.

    Threads wait for each other.
    """
    try:
        with _one_call:
            return function(*arguments)
    except (ValueError, MemoryError) as error:
        kind = MemoryError if isinstance(error, MemoryError) else ValueError  # NumPy's own take other arguments
        raise kind(str(error).split("\n")[0]) from None
