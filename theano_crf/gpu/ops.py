"""The Ops of :mod:`theano_crf.ops` on Theano's gpuarray back end, with the same inputs and outputs, on the device.

Scalars (iterations, tolerance, gamma, void) stay on the host, which launches the kernels. So do matrices gamma, which
are small. Compatibilities are Potts: the CPU takes all others.
"""
import numpy as np
import pygpu
from theano.gof import Apply, Op
from theano.gpuarray.basic_ops import as_gpuarray_variable, gpu_contiguous, infer_context_name
from theano.gpuarray.type import GpuArrayType

from .. import checks, ops
from ..defaults import NEIGHBOURS
from . import completion, labelling, solver
from .device import LARGEST_COST, allocate, size_of_parts
from .general import problem_of


class GpuOp(Op):
    """An Op on arrays of one device that launches its kernels from Python."""

    __props__ = ()

    def make_apply(self, arrays, scalars, outputs):
        """Return the Apply node of arrays on the device, made contiguous, then scalars on the host.

        `outputs` has (dtype, number of axes) of each output.
        """
        name = infer_context_name(*arrays)
        arrays = [gpu_contiguous(as_gpuarray_variable(array, name)) for array in arrays]
        types = [GpuArrayType(dtype, (False,) * axes, context_name=name) for dtype, axes in outputs]
        return Apply(self, arrays + scalars, [type_() for type_ in types])


def _prepare(storage, shape, dtype, context):
    """Return a dense output of that shape; the previous call's is used again where it fits."""
    array = storage[0]
    if (array is None or array.shape != shape or array.dtype != dtype or not array.flags["C_CONTIGUOUS"]
            or array.context != context):
        storage[0] = allocate(context, dtype, *shape)
    return storage[0]


def _check_shapes(unary, weights, neighbours, *label_maps):
    """Raise the ValueErrors that the C++ code raises."""
    n, k, h, w = unary.shape
    if 0 in unary.shape:
        raise ValueError("unary is empty; it must be (N, K, H, W), each at least 1")
    if k > checks.MOST_LABELS:
        raise ValueError("unary has K = %d labels; on a GPU K must be at most %d" % (k, checks.MOST_LABELS))
    if weights.shape != (n, len(neighbours), h, w):
        raise ValueError("weights does not fit unary (N, K, H, W); it must be (N, %d, H, W)" % len(neighbours))
    for labels in label_maps:
        if labels.shape != (n, h, w):
            raise ValueError("labels do not fit unary (N, K, H, W); they must be (N, H, W)")


def _margin(gamma, unary):
    """Return a margin as a float, or its matrices on the device, (1 or N, K, K); raise the C++ code's ValueErrors."""
    gamma, (n, k) = np.asarray(gamma), unary.shape[:2]
    if gamma.ndim and gamma.shape not in ((1, k, k), (n, k, k)):
        raise ValueError("gamma does not fit unary (N, K, H, W); it must be a number, (K, K) or (N, K, K)")
    if not ((gamma >= 0) & (gamma <= LARGEST_COST)).all():
        raise ValueError("gamma must be from 0 to 1e30")
    return pygpu.array(gamma, dtype="float32", order="C", context=unary.context) if gamma.ndim else float(gamma)


class GpuDualMM(GpuOp):
    """DualMM from start to end, decoded by argmin.

    (unary, weights[, truth], iterations, tolerance, gamma, void) -> (labels, bound, workspace).
    """

    __props__ = ("augmented", "neighbours")

    def __init__(self, augmented, neighbours):
        self.augmented = augmented
        self.neighbours = neighbours

    def make_node(self, *inputs):
        arrays = 3 if self.augmented else 2
        return self.make_apply(inputs[:arrays], list(inputs[arrays:]), [("int32", 3), ("float64", 1), ("float32", 1)])

    def perform(self, node, inputs, outputs):
        unary, weights, *truth, iterations, tolerance, gamma, void = inputs
        n, _, h, w = unary.shape
        if truth and truth[0].size == 0:
            truth = []
        _check_shapes(unary, weights, self.neighbours, *truth)
        if iterations < 1:
            raise ValueError("iterations must be at least 1")
        augmentation = (truth[0], _margin(gamma, unary), int(void)) if truth else None
        problem = problem_of(unary, weights, self.neighbours, augmentation)
        labels, bounds = outputs[0], outputs[1]
        size = size_of_parts(problem.workspace_sizes())
        problem.dual_mm(int(iterations), float(tolerance),
                        _prepare(outputs[2], (size,), "float32", unary.context),
                        _prepare(labels, (n, h, w), "int32", unary.context),
                        _prepare(bounds, (n,), "float64", unary.context))


class GpuHalfStep(GpuOp):
    """One half step of DualMM: (unary, weights, withheld) -> (withheld, bound); `inplace` overwrites `withheld`."""

    __props__ = ("direction", "inplace")

    def __init__(self, direction, inplace=False):
        self.direction = direction
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [2]}

    def make_node(self, unary, weights, withheld):
        return self.make_apply([unary, weights, withheld], [], [("float32", 4), ("float64", 1)])

    def perform(self, node, inputs, outputs):
        unary, weights, withheld = inputs
        _check_shapes(unary, weights, NEIGHBOURS)
        if withheld.shape != unary.shape:
            raise ValueError("withheld does not fit unary; both must be (N, K, H, W)")
        if self.inplace:
            outputs[0][0] = withheld
        solver.half_step(solver.GridProblem(unary, weights), self.direction, withheld,
                         _prepare(outputs[0], unary.shape, "float32", unary.context),
                         _prepare(outputs[1], unary.shape[:1], "float64", unary.context))

    def infer_shape(self, node, shapes):
        return ops.HalfStep.infer_shape(self, node, shapes)


class GpuEnergy(GpuOp):
    """(unary, weights, labels) -> energy (N,)."""

    __props__ = ("neighbours",)
    compute = staticmethod(labelling.energy)

    def __init__(self, neighbours):
        self.neighbours = neighbours

    def make_node(self, unary, weights, labels):
        return self.make_apply([unary, weights, labels], [], [("float64", 1)])

    def perform(self, node, inputs, outputs):
        unary, weights, labels = inputs
        _check_shapes(unary, weights, self.neighbours, labels)
        self.compute(unary, weights, labels, self.neighbours,
                     _prepare(outputs[0], unary.shape[:1], "float64", unary.context))

    def infer_shape(self, node, shapes):
        return ops.Energy.infer_shape(self, node, shapes)


class GpuMagnitudes(GpuEnergy):
    """(unary, weights, labels) -> sum of the costs whose rounding can hide that a labelling is optimal, (N,)."""

    compute = staticmethod(labelling.magnitudes)


class GpuCompletion(GpuOp):
    """(unary, weights, truth, labels, iterations, void) -> (completed, workspace)."""

    __props__ = ("neighbours",)

    def __init__(self, neighbours):
        self.neighbours = neighbours

    def make_node(self, unary, weights, truth, labels, iterations, void):
        return self.make_apply([unary, weights, truth, labels], [iterations, void], [("int32", 3), ("float32", 1)])

    def perform(self, node, inputs, outputs):
        unary, weights, truth, labels, iterations, void = inputs
        _check_shapes(unary, weights, self.neighbours, truth, labels)
        if iterations < 1:
            raise ValueError("iterations must be at least 1")
        context, void = unary.context, int(void)
        completed = _prepare(outputs[0], truth.shape, "int32", context)
        if not completion.any_void(unary, truth, void):
            completed[:] = truth
            _prepare(outputs[1], (0,), "float32", context)
            return
        problem = completion.void_problem(unary, weights, truth, self.neighbours, void)
        workspace = _prepare(outputs[1], (completion.workspace_size(problem),), "float32", context)
        completion.complete(unary, weights, truth, labels, problem, int(iterations), void, workspace, completed)


class GpuStructuredLoss(GpuOp):
    """(unary, weights, truth, completed, labels, gamma, void) -> (loss, grad_unary, grad_weights)."""

    __props__ = ("neighbours",)

    def __init__(self, neighbours):
        self.neighbours = neighbours

    def make_node(self, unary, weights, truth, completed, labels, gamma, void):
        return self.make_apply([unary, weights, truth, completed, labels], [gamma, void],
                               [("float64", 1), ("float32", 4), ("float32", 4)])

    def perform(self, node, inputs, outputs):
        unary, weights, truth, completed, labels, gamma, void = inputs
        _check_shapes(unary, weights, self.neighbours, truth, completed, labels)
        context = unary.context
        labelling.structured_loss(unary, weights, truth, completed, labels, self.neighbours, _margin(gamma, unary),
                                  int(void),
                                  _prepare(outputs[0], unary.shape[:1], "float64", context),
                                  _prepare(outputs[1], unary.shape, "float32", context),
                                  _prepare(outputs[2], weights.shape, "float32", context))

    def infer_shape(self, node, shapes):
        return ops.StructuredLoss.infer_shape(self, node, shapes)
