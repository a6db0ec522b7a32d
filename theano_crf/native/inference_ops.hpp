// The bodies of the Ops DualMM and Completion: arrays in and out, false and a Python exception on failure.
#pragma once

#include "arrays.hpp"
#include "completion.hpp"
#include "instruction_sets.hpp"

namespace crf {

// An empty truth means no loss augmentation.
inline bool dual_mm_op(int decoding, PyArrayObject *offsets, PyArrayObject *unary, PyArrayObject *weights,
                       PyArrayObject *iterations_, PyArrayObject *tolerance_, PyArrayObject *truth,
                       PyArrayObject *gamma, PyArrayObject *void_label, PyArrayObject *compatibility,
                       PyArrayObject **labels, PyArrayObject **bounds, PyArrayObject **workspace)
{
    Arguments arguments(unary, weights, offsets, compatibility);
    if (PyArray_SIZE(truth) > 0) {
        arguments.set_truth(truth, void_label);
        arguments.set_margin(gamma);
    }
    const Grid &grid = arguments.grid;
    const npy_int64 iterations = *data_of<npy_int64>(iterations_);
    const double tolerance = *data_of<double>(tolerance_);
    if (arguments.valid() && iterations < 1)
        PyErr_SetString(PyExc_ValueError, "iterations must be at least 1");
    return arguments.valid() && prepare_output(labels, NPY_INT32, arguments.map_shape()) &&
           prepare_output(bounds, NPY_FLOAT64, {grid.images}) &&
           prepare_output(workspace, NPY_FLOAT32, {kernels::workspace_size(grid, iterations)}) && run([&] {
               return kernels::dual_mm(grid, iterations, tolerance, Decoding(decoding),
                                     data_of<float>(*workspace), data_of<int32_t>(*labels),
                                     data_of<double>(*bounds));
           });
}

// Writes `completed` (N, H, W), the truth with labels of least energy at void pixels. The workspace is scratch memory.
inline bool completion_op(PyArrayObject *offsets, PyArrayObject *unary, PyArrayObject *weights,
                          PyArrayObject *truth, PyArrayObject *augmented_, PyArrayObject *iterations_,
                          PyArrayObject *void_label, PyArrayObject *compatibility, PyArrayObject **completed,
                          PyArrayObject **workspace)
{
    Arguments arguments(unary, weights, offsets, compatibility);
    arguments.set_truth(truth, void_label);
    const int32_t *augmented = arguments.label_map(augmented_);
    const Grid &grid = arguments.grid;
    const npy_int64 iterations = *data_of<npy_int64>(iterations_);
    if (arguments.valid() && iterations < 1)
        PyErr_SetString(PyExc_ValueError, "iterations must be at least 1");
    return arguments.valid() && prepare_output(completed, NPY_INT32, arguments.map_shape()) &&
           prepare_output(workspace, NPY_FLOAT32, {has_void(grid) ? VoidProblem::size(grid, iterations) : 0}) &&
           run([&] {
               return complete(grid, iterations, augmented, data_of<float>(*workspace), data_of<int32_t>(*completed));
           });
}

}  // namespace crf
