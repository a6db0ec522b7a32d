"""Optimisations that move the Ops of :mod:`theano_crf.ops` to Theano's GPU, registered like Theano's own."""
import theano.tensor as T
from theano import gof
from theano.gof import Constant
from theano.gpuarray.opt import op_lifter, register_inplace, register_opt, register_opt2

from ..ops import Completion, DualMM, Energy, HalfStep, Proof, StructuredLoss, is_potts
from .ops import GpuCompletion, GpuDualMM, GpuEnergy, GpuHalfStep, GpuMagnitudes, GpuStructuredLoss

HALF_SPACING = 2.0 ** -24  # half of single precision's spacing at 1, as in native/proof.hpp


def _moves(*ops):
    """Return a decorator that registers a function (op, context_name, inputs, outputs) which moves `ops` to the GPU.

    The function returns an Op or outputs on the GPU, or None to leave the Op on the CPU.
    """
    def register(function):
        register_opt("fast_compile")(op_lifter(list(ops))(function))
        register_opt2(list(ops), "fast_compile", name=function.__name__ + "_graph")(function)
        return function
    return register


@_moves(DualMM)
def move_dual_mm(op, context_name, inputs, outputs):
    """Move DualMM with Potts, unless its decoding is Viterbi or ICM, which run on the CPU."""
    unary, weights, iterations, tolerance, truth, gamma, void, compatibility = inputs
    if op.decode != "argmin" or not is_potts(compatibility):
        return None
    augmented = not (isinstance(truth, Constant) and truth.data.size == 0)
    arrays = [unary, weights] + [truth] * augmented
    return GpuDualMM(augmented, op.neighbours)(*arrays, iterations, tolerance, gamma, void, return_list=True)


@_moves(HalfStep)
def move_half_step(op, context_name, inputs, outputs):
    return GpuHalfStep(op.direction)(*inputs, return_list=True)


def _move_with_potts(op, gpu_op, inputs):
    """Return the outputs on the GPU of an Op whose last input is its compatibility; None unless that is Potts."""
    *others, compatibility = inputs
    return gpu_op(op.neighbours)(*others, return_list=True) if is_potts(compatibility) else None


@_moves(Energy)
def move_energy(op, context_name, inputs, outputs):
    return _move_with_potts(op, GpuEnergy, inputs)


@_moves(Proof)
def move_proof(op, context_name, inputs, outputs):
    """Move the sums over pixels; their comparison, one number per image, stays on the host."""
    unary, weights, labels, energy, bound, compatibility = inputs
    if not is_potts(compatibility):
        return None
    magnitudes = GpuMagnitudes(op.neighbours)(unary, weights, labels)
    return [T.le(T.as_tensor_variable(energy) - T.as_tensor_variable(bound),
                 HALF_SPACING * T.as_tensor_variable(magnitudes))]


@_moves(Completion)
def move_completion(op, context_name, inputs, outputs):
    return _move_with_potts(op, GpuCompletion, inputs)


@_moves(StructuredLoss)
def move_structured_loss(op, context_name, inputs, outputs):
    return _move_with_potts(op, GpuStructuredLoss, inputs)


@register_inplace()
@gof.local_optimizer([GpuHalfStep], inplace=True)
def gpu_half_step_in_place(node):
    """Overwrite the withheld volume unless something else needs it, as on the CPU."""
    if isinstance(node.op, GpuHalfStep) and not node.op.inplace:
        return GpuHalfStep(node.op.direction, inplace=True)(*node.inputs, return_list=True)
    return False
