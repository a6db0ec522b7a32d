"""The CRF's Theano Ops, implemented in C++ (folder ``native``)."""
import numpy as np
import theano.tensor as T
from theano import gof
from theano.compile.mode import optdb
from theano.gof import Apply, TopoOptimizer
from theano.gof.params_type import ParamsType
from theano.gradient import DisconnectedType, grad_undefined
from theano.scalar import bool as bool_
from theano.scalar import int32

from .defaults import DECODE, DECODINGS, NEIGHBOURS
from .neighbourhood import checked_neighbours
from .native_op import KernelOp, NativeOp, as_tensor

NO_TRUTH = np.empty((0, 0, 0), np.int32)
POTTS = np.empty((0, 0, 0), np.float32)  # stands for the compatibility of Potts in all directions


def _as_margin(gamma):
    """Return a margin as a float32 variable: a number, or (1 or N, K, K)."""
    gamma = T.as_tensor_variable(gamma)
    return as_tensor(gamma, "float32", 3 if gamma.ndim else 0)


def is_potts(compatibility):
    """Return whether an Op's compatibility, an array or a variable, is POTTS."""
    constant = compatibility.data if isinstance(compatibility, gof.Constant) else compatibility
    return isinstance(constant, np.ndarray) and constant.size == 0


class OnNeighbours:
    """A mixin: the Op's neighbourhood, ``neighbours``, which the C++ code gets as the array ``offsets``."""

    params_type = ParamsType(offsets=T.lmatrix)

    def set_neighbours(self, neighbours):
        self.neighbours = checked_neighbours(neighbours)
        self.offsets = np.array(self.neighbours, np.int64)


class SolverOp(OnNeighbours, KernelOp):
    """A ``KernelOp`` that solves problems on any neighbourhood, with Potts or, unless ``potts``, a compatibility."""

    __props__ = ("neighbours", "potts", "instructions")

    def __init__(self, neighbours=NEIGHBOURS, potts=True):
        super().__init__()
        self.set_neighbours(neighbours)
        self.potts = potts
        self.model = "matrices" if not potts else "papers" if self.neighbours == NEIGHBOURS else "potts"

    def as_compatibility(self, compatibility):
        if is_potts(compatibility) != self.potts:
            raise ValueError("a compatibility must be given if, and only if, the Op is not made for Potts")
        return as_tensor(compatibility, "float32", 3)


class DualMM(SolverOp):
    """DualMM from start to end, with loss-augmented unary costs if truth, gamma and void are given.

    (unary, weights, iterations, tolerance[, truth, gamma, void, compatibility]) -> (labels, bound, workspace).
    ``decode``, one of DECODINGS, is the way in which labels are read off the duals. ``gamma`` is a number or
    (1 or N, K, K), ``compatibility`` (D, K, K) or POTTS. ``workspace`` is scratch memory; it is an output so that
    Theano can keep it from call to call.
    """

    __props__ = ("decode", "neighbours", "potts", "instructions")
    header, function = "inference_ops.hpp", "dual_mm_op"
    params_type = ParamsType(decoding=int32, offsets=T.lmatrix)

    def __init__(self, decode=DECODE, neighbours=NEIGHBOURS, potts=True):
        super().__init__(neighbours, potts)
        if decode not in DECODINGS:
            raise ValueError("decode is %r; it must be one of %s" % (decode, ", ".join(DECODINGS)))
        self.decode = decode
        self.decoding = DECODINGS.index(decode)

    def make_node(self, unary, weights, iterations, tolerance, truth=NO_TRUTH, gamma=0, void=-1, compatibility=POTTS):
        inputs = [as_tensor(unary, "float32", 4), as_tensor(weights, "float32", 4),
                  as_tensor(iterations, "int64", 0), as_tensor(tolerance, "float64", 0),
                  as_tensor(truth, "int32", 3), _as_margin(gamma), as_tensor(void, "int32", 0),
                  self.as_compatibility(compatibility)]
        return Apply(self, inputs, [T.itensor3(), T.dvector(), T.fvector()])


class HalfStep(KernelOp):
    """One half step of DualMM on the paper's neighbourhood: (unary, weights, withheld) -> (withheld, bound).

    ``direction`` is 0 for the rows and 1 for the columns, which is also the channel of ``weights``. With ``inplace``
    the volume ``withheld`` is overwritten; an optimisation sets it where nothing else needs that volume.
    """

    __props__ = ("direction", "inplace", "instructions")
    header, function = "half_step_op.hpp", "half_step_op"
    params_type = ParamsType(direction=int32, inplace=bool_)

    def __init__(self, direction, inplace=False):
        super().__init__()
        if direction not in (0, 1):
            raise ValueError("direction is %r; it must be 0 (rows) or 1 (columns)" % (direction,))
        self.direction = direction
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [2]}

    def make_node(self, unary, weights, withheld):
        inputs = [as_tensor(value, "float32", 4) for value in (unary, weights, withheld)]
        return Apply(self, inputs, [T.ftensor4(), T.dvector()])

    def infer_shape(self, node, shapes):
        return [shapes[0], (shapes[0][0],)]


class Energy(OnNeighbours, NativeOp):
    """(unary, weights, labels[, compatibility]) -> energy (N,), equation 2 with 5, summed in double precision."""

    __props__ = ("neighbours",)
    header, function = "labelling_ops.hpp", "energy_op"

    def __init__(self, neighbours=NEIGHBOURS):
        self.set_neighbours(neighbours)

    def make_node(self, unary, weights, labels, compatibility=POTTS):
        inputs = [as_tensor(unary, "float32", 4), as_tensor(weights, "float32", 4),
                  as_tensor(labels, "int32", 3), as_tensor(compatibility, "float32", 3)]
        return Apply(self, inputs, [T.dvector()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],)]


class Proof(OnNeighbours, NativeOp):
    """Proof of optimality: (unary, weights, labels, energy, bound[, compatibility]) -> proven (N,).

    An image's labels are proven optimal where the bound has reached their energy, but for rounding.
    """

    __props__ = ("neighbours",)
    header, function = "labelling_ops.hpp", "proof_op"

    def __init__(self, neighbours=NEIGHBOURS):
        self.set_neighbours(neighbours)

    def make_node(self, unary, weights, labels, energy, bound, compatibility=POTTS):
        inputs = [as_tensor(unary, "float32", 4), as_tensor(weights, "float32", 4), as_tensor(labels, "int32", 3),
                  as_tensor(energy, "float64", 1), as_tensor(bound, "float64", 1),
                  as_tensor(compatibility, "float32", 3)]
        return Apply(self, inputs, [T.TensorType("bool", (False,))()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],)]


class Completion(SolverOp):
    """The truth with labels at void pixels.

    (unary, weights, truth, labels, iterations, void[, compatibility]) -> (completed, workspace).

    Void pixels get either DualMM's labels given the truth around them or ``labels``, those of the loss-augmented
    inference: in each image the ones of less energy. An image without void pixels keeps its truth. ``workspace`` is
    scratch memory that Theano can keep from call to call; it is empty where no pixel is void.
    """

    header, function = "inference_ops.hpp", "completion_op"

    def make_node(self, unary, weights, truth, labels, iterations, void, compatibility=POTTS):
        inputs = [as_tensor(unary, "float32", 4), as_tensor(weights, "float32", 4),
                  as_tensor(truth, "int32", 3), as_tensor(labels, "int32", 3),
                  as_tensor(iterations, "int64", 0), as_tensor(void, "int32", 0),
                  self.as_compatibility(compatibility)]
        return Apply(self, inputs, [T.itensor3(), T.fvector()])


class StructuredLoss(OnNeighbours, NativeOp):
    """(unary, weights, truth, completed, labels, gamma, void[, compatibility]) -> (loss, grad_unary, grad_weights).

    The completed truth and the loss-augmented labels count as constants, so ``theano.grad`` of the loss gives the two
    gradients, and that of the compatibility.
    """

    __props__ = ("neighbours",)
    header, function = "labelling_ops.hpp", "structured_loss_op"

    def __init__(self, neighbours=NEIGHBOURS):
        self.set_neighbours(neighbours)

    def make_node(self, unary, weights, truth, completed, labels, gamma, void, compatibility=POTTS):
        inputs = [as_tensor(unary, "float32", 4), as_tensor(weights, "float32", 4),
                  as_tensor(truth, "int32", 3), as_tensor(completed, "int32", 3), as_tensor(labels, "int32", 3),
                  _as_margin(gamma), as_tensor(void, "int32", 0), as_tensor(compatibility, "float32", 3)]
        return Apply(self, inputs, [T.dvector(), T.ftensor4(), T.ftensor4()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],), shapes[0], shapes[1]]

    def connection_pattern(self, node):
        # The loss depends on unary, weights, gamma and compatibility; nothing is differentiated through the gradients.
        differentiable = (0, 1, 5) if is_potts(node.inputs[-1]) else (0, 1, 5, 7)
        return [[index in differentiable, False, False] for index in range(len(node.inputs))]

    def grad(self, inputs, output_gradients):
        _, grad_unary, grad_weights = self(*inputs)
        scale = T.cast(output_gradients[0], "float32")
        scales = scale.dimshuffle(0, "x", "x", "x")
        _, weights, _, completed, labels, gamma, _, compatibility = inputs
        grad_compatibility = DisconnectedType()()
        if not is_potts(compatibility):
            of_images = CompatibilityGradient(self.neighbours)(weights, completed, labels, compatibility)
            grad_compatibility = (scales * of_images).sum(axis=0)
        return [scales * grad_unary, scales * grad_weights, DisconnectedType()(), DisconnectedType()(),
                DisconnectedType()(), grad_undefined(self, 5, gamma, "gamma is a setting, not learnt"),
                DisconnectedType()(), grad_compatibility]


class CompatibilityGradient(OnNeighbours, NativeOp):
    """(weights, completed, labels, compatibility) -> gradient (N, D, K, K) of each image's loss.

    It is sum_ij w_ij ([z_i = k, z_j = l] - [x^_i = k, x^_j = l]) with the completed truth z and the loss-augmented
    labels x^; the compatibility's values do not matter.
    """

    __props__ = ("neighbours",)
    header, function = "labelling_ops.hpp", "compatibility_gradient_op"

    def __init__(self, neighbours=NEIGHBOURS):
        self.set_neighbours(neighbours)

    def make_node(self, weights, completed, labels, compatibility):
        inputs = [as_tensor(weights, "float32", 4), as_tensor(completed, "int32", 3),
                  as_tensor(labels, "int32", 3), as_tensor(compatibility, "float32", 3)]
        return Apply(self, inputs, [T.ftensor4()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0], *shapes[3])]


@gof.local_optimizer([HalfStep], inplace=True)
def half_step_in_place(node):
    """Overwrite the withheld volume; Theano undoes this where something else needs that volume."""
    if isinstance(node.op, HalfStep) and not node.op.inplace:
        return HalfStep(node.op.direction, inplace=True)(*node.inputs)
    return False


# Theano's own in-place optimisations begin at position 60.
optdb.register("half_step_in_place",
               TopoOptimizer(half_step_in_place, failure_callback=TopoOptimizer.warn_inplace),
               60, "fast_run", "inplace")
