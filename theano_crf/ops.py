"""Theano Ops whose work is done in C++ (folder ``native``)."""
import hashlib
import os

import theano
import theano.tensor as T
from theano.gof import Apply, Op
from theano.gradient import DisconnectedType, grad_undefined

NATIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "native")


def _sources_digest():
    """A number that changes with any of the C++ sources, so that an edited one is compiled again."""
    digest = hashlib.sha256()
    for name in sorted(os.listdir(NATIVE)):
        with open(os.path.join(NATIVE, name), "rb") as source:
            digest.update(name.encode() + b"\0" + source.read())
    return int(digest.hexdigest()[:12], 16)


SOURCES_DIGEST = _sources_digest()


def _as_tensor(value, dtype, ndim):
    """The value as a Theano variable of that type; widens to it, never narrows."""
    variable = T.as_tensor_variable(value)
    if variable.ndim != ndim:
        raise ValueError("an input has %d axes; it must have %d" % (variable.ndim, ndim))
    if variable.dtype != dtype:
        variable = T.cast(variable, dtype)
    return variable


class NativeOp(Op):
    """An Op that exists in C++ only; its sources are compiled once and kept in Theano's compile folder."""

    __props__ = ()

    def c_headers(self):
        return ["<initializer_list>", "<vector>", '"arrays.hpp"', '"%s"' % self.header]

    def c_header_dirs(self):
        return [NATIVE]

    def c_compile_args(self):
        # Without contraction to fused multiply-adds every instruction set rounds alike; the vectors are
        # never passed to a function that is not inlined, which is what -Wpsabi warns of.
        return ["-O3", "-std=c++11", "-fopenmp", "-ffp-contract=off", "-Wno-psabi"]

    def c_code_cache_version(self):
        return (SOURCES_DIGEST,)

    def make_thunk(self, node, storage_map, compute_map, no_recycling, impl=None):
        if not theano.config.cxx:
            raise RuntimeError("Theano found no C++ compiler; theano_crf needs one: install g++ "
                               "or name one in THEANO_FLAGS=cxx=...")
        return super().make_thunk(node, storage_map, compute_map, no_recycling, impl="c")


class DualMM(NativeOp):
    """DualMM from start to end: (unary, weights, iterations, tolerance) -> (labels, bound, withheld).

    With ``augmented``, also takes (truth, gamma, void) and infers with the loss-augmented unary costs,
    which are never formed. ``withheld`` (N, K, H, W) is what the rows withhold from the columns.
    """

    __props__ = ("augmented",)
    header = "dual_mm.hpp"

    def __init__(self, augmented=False):
        self.augmented = augmented

    def make_node(self, unary, weights, iterations, tolerance, truth=None, gamma=None, void=None):
        inputs = [_as_tensor(unary, "float32", 4), _as_tensor(weights, "float32", 4),
                  _as_tensor(iterations, "int64", 0), _as_tensor(tolerance, "float64", 0)]
        if self.augmented:
            inputs += [_as_tensor(truth, "int32", 3), _as_tensor(gamma, "float32", 0),
                       _as_tensor(void, "int32", 0)]
        return Apply(self, inputs, [T.itensor3(), T.dvector(), T.ftensor4()])

    def infer_shape(self, node, shapes):
        n, k, h, w = shapes[0]
        return [(n, h, w), (n,), (n, k, h, w)]

    def c_code(self, node, name, inputs, outputs, sub):
        unary, weights, iterations, tolerance = inputs[:4]
        augmentation = ""
        if self.augmented:
            augmentation = """
            arguments.grid.truth = arguments.label_map(%s);
            arguments.grid.margin = *crf::data_of<npy_float32>(%s);
            arguments.grid.void_label = *crf::data_of<npy_int32>(%s);
            """ % tuple(inputs[4:])
        return """
        {
            crf::Arguments arguments(%(unary)s, %(weights)s);
            %(augmentation)s
            const crf::Grid &grid = arguments.grid;
            const npy_int64 iterations = *crf::data_of<npy_int64>(%(iterations)s);
            const double tolerance = *crf::data_of<npy_float64>(%(tolerance)s);
            if (arguments.valid() && iterations < 1)
                PyErr_SetString(PyExc_ValueError, "iterations must be at least 1");
            if (!arguments.valid() ||
                !crf::prepare_output(&%(labels)s, NPY_INT32, {grid.images, grid.height, grid.width}) ||
                !crf::prepare_output(&%(bound)s, NPY_FLOAT64, {grid.images}) ||
                !crf::prepare_output(&%(withheld)s, NPY_FLOAT32,
                                     {grid.images, grid.labels, grid.height, grid.width}) ||
                !crf::run([&] {
                    return crf::dual_mm(grid, iterations, tolerance, crf::data_of<int32_t>(%(labels)s),
                                        crf::data_of<double>(%(bound)s), crf::data_of<float>(%(withheld)s));
                })) {
                %(fail)s
            }
        }
        """ % dict(unary=unary, weights=weights, iterations=iterations, tolerance=tolerance,
                   augmentation=augmentation, labels=outputs[0], bound=outputs[1], withheld=outputs[2],
                   fail=sub["fail"])


class HalfStep(NativeOp):
    """One half step of DualMM: (unary, weights, withheld) -> (withheld, bound).

    ``direction`` is 0 for the rows, 1 for the columns: the channel of ``weights``. In place, the volume
    ``withheld`` is overwritten, which an optimisation asks for where nothing else needs it.
    """

    __props__ = ("direction", "inplace")
    header = "dual_mm.hpp"

    def __init__(self, direction, inplace=False):
        if direction not in (0, 1):
            raise ValueError("direction is %r; it must be 0 (rows) or 1 (columns)" % (direction,))
        self.direction = direction
        self.inplace = inplace
        if inplace:
            self.destroy_map = {0: [2]}

    def make_node(self, unary, weights, withheld):
        inputs = [_as_tensor(value, "float32", 4) for value in (unary, weights, withheld)]
        return Apply(self, inputs, [T.ftensor4(), T.dvector()])

    def infer_shape(self, node, shapes):
        return [shapes[0], (shapes[0][0],)]

    def c_code(self, node, name, inputs, outputs, sub):
        return """
        {
            crf::Arguments arguments(%(unary)s, %(weights)s);
            const crf::Grid &grid = arguments.grid;
            PyArrayObject *before = arguments.volume(%(before)s);
            if (before && %(inplace)d && before == %(before)s) {
                Py_INCREF(before);
                Py_XDECREF(%(after)s);
                %(after)s = before;
            }
            if (!arguments.valid() ||
                !crf::prepare_output(&%(after)s, NPY_FLOAT32,
                                     {grid.images, grid.labels, grid.height, grid.width}) ||
                !crf::prepare_output(&%(bound)s, NPY_FLOAT64, {grid.images}) ||
                !crf::run([&] {
                    const crf::HalfStep step = {
                        &grid, crf::Direction(%(direction)d), crf::data_of<float>(before),
                        crf::data_of<float>(%(after)s), nullptr, crf::data_of<double>(%(bound)s), nullptr, true};
                    crf::Workspaces workspaces;
                    return crf::kernels().half_step(step, workspaces);
                })) {
                %(fail)s
            }
        }
        """ % dict(unary=inputs[0], weights=inputs[1], before=inputs[2], after=outputs[0], bound=outputs[1],
                   direction=self.direction, inplace=self.inplace, fail=sub["fail"])


class Energy(NativeOp):
    """(unary, weights, labels) -> energy (N,), equation 2 with 5, summed in double precision."""

    header = "energy.hpp"

    def make_node(self, unary, weights, labels):
        inputs = [_as_tensor(unary, "float32", 4), _as_tensor(weights, "float32", 4),
                  _as_tensor(labels, "int32", 3)]
        return Apply(self, inputs, [T.dvector()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],)]

    def c_code(self, node, name, inputs, outputs, sub):
        return """
        {
            crf::Arguments arguments(%(unary)s, %(weights)s);
            const crf::Grid &grid = arguments.grid;
            const int32_t *labels = arguments.label_map(%(labels)s);
            if (!labels || !arguments.valid() ||
                !crf::prepare_output(&%(energy)s, NPY_FLOAT64, {grid.images}) ||
                !crf::run([&] { return crf::energy(grid, labels, crf::data_of<double>(%(energy)s)); })) {
                %(fail)s
            }
        }
        """ % dict(unary=inputs[0], weights=inputs[1], labels=inputs[2], energy=outputs[0], fail=sub["fail"])


class StructuredLoss(NativeOp):
    """(unary, weights, truth, labels, gamma, void) -> (loss, grad_unary, grad_weights).

    The loss-augmented labels are taken as given. ``theano.grad`` of the loss gives the two gradients.
    """

    header = "structured_loss.hpp"

    def make_node(self, unary, weights, truth, labels, gamma, void):
        inputs = [_as_tensor(unary, "float32", 4), _as_tensor(weights, "float32", 4),
                  _as_tensor(truth, "int32", 3), _as_tensor(labels, "int32", 3),
                  _as_tensor(gamma, "float32", 0), _as_tensor(void, "int32", 0)]
        return Apply(self, inputs, [T.dvector(), T.ftensor4(), T.ftensor4()])

    def infer_shape(self, node, shapes):
        return [(shapes[0][0],), shapes[0], shapes[1]]

    def connection_pattern(self, node):
        # The loss depends on unary, weights and gamma; nothing is differentiated through the gradients.
        return [[True, False, False], [True, False, False], [False] * 3, [False] * 3, [True, False, False],
                [False] * 3]

    def grad(self, inputs, output_gradients):
        scale = output_gradients[0]
        _, grad_unary, grad_weights = self(*inputs)
        if isinstance(scale.type, DisconnectedType):
            scale = T.zeros_like(inputs[0][:, 0, 0, 0])
        scale = T.cast(scale, "float32").dimshuffle(0, "x", "x", "x")
        return [scale * grad_unary, scale * grad_weights, DisconnectedType()(), DisconnectedType()(),
                grad_undefined(self, 4, inputs[4], "gamma is a setting, not learnt"), DisconnectedType()()]

    def c_code(self, node, name, inputs, outputs, sub):
        unary, weights, truth, labels, gamma, void = inputs
        return """
        {
            crf::Arguments arguments(%(unary)s, %(weights)s);
            crf::Grid &grid = arguments.grid;
            grid.margin = *crf::data_of<npy_float32>(%(gamma)s);
            grid.void_label = *crf::data_of<npy_int32>(%(void)s);
            grid.truth = arguments.label_map(%(truth)s);
            const int32_t *labels = arguments.label_map(%(labels)s);
            if (!labels || !arguments.valid() ||
                !crf::prepare_output(&%(loss)s, NPY_FLOAT64, {grid.images}) ||
                !crf::prepare_output(&%(grad_unary)s, NPY_FLOAT32,
                                     {grid.images, grid.labels, grid.height, grid.width}) ||
                !crf::prepare_output(&%(grad_weights)s, NPY_FLOAT32, {grid.images, 2, grid.height, grid.width}) ||
                !crf::run([&] {
                    return crf::structured_loss(grid, labels, crf::data_of<double>(%(loss)s),
                                                crf::data_of<float>(%(grad_unary)s),
                                                crf::data_of<float>(%(grad_weights)s));
                })) {
                %(fail)s
            }
        }
        """ % dict(unary=unary, weights=weights, truth=truth, labels=labels, gamma=gamma, void=void,
                   loss=outputs[0], grad_unary=outputs[1], grad_weights=outputs[2], fail=sub["fail"])
