// The bodies of the Ops DualMM and HalfStep: arrays in and out, false and a Python exception on failure.
#pragma once

#include "arrays.hpp"
#include "instruction_sets.hpp"

namespace crf {

inline bool infer(Arguments &arguments, PyArrayObject *iterations_, PyArrayObject *tolerance_,
                  PyArrayObject **labels, PyArrayObject **bounds, PyArrayObject **workspace)
{
    const Grid &grid = arguments.grid;
    const Kernels kernel = kernels();
    const npy_int64 iterations = *data_of<npy_int64>(iterations_);
    const double tolerance = *data_of<double>(tolerance_);
    if (arguments.valid() && iterations < 1)
        PyErr_SetString(PyExc_ValueError, "iterations must be at least 1");
    return arguments.valid() && prepare_output(labels, NPY_INT32, arguments.map_shape()) &&
           prepare_output(bounds, NPY_FLOAT64, {grid.images}) &&
           prepare_output(workspace, NPY_FLOAT32, {kernel.workspace_size(grid)}) && run([&] {
               return kernel.dual_mm(grid, iterations, tolerance, data_of<float>(*workspace),
                                     data_of<int32_t>(*labels), data_of<double>(*bounds));
           });
}

inline bool dual_mm_op(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *iterations,
                       PyArrayObject *tolerance, PyArrayObject **labels, PyArrayObject **bounds,
                       PyArrayObject **workspace)
{
    Arguments arguments(unary, weights);
    return infer(arguments, iterations, tolerance, labels, bounds, workspace);
}

// With loss-augmented costs.
inline bool dual_mm_op(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *iterations,
                       PyArrayObject *tolerance, PyArrayObject *truth, PyArrayObject *gamma,
                       PyArrayObject *void_label, PyArrayObject **labels, PyArrayObject **bounds,
                       PyArrayObject **workspace)
{
    Arguments arguments(unary, weights);
    arguments.set_truth(truth, gamma, void_label);
    return infer(arguments, iterations, tolerance, labels, bounds, workspace);
}

template <int direction, bool in_place>
bool half_step_op(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *withheld, PyArrayObject **after,
                  PyArrayObject **bounds)
{
    Arguments arguments(unary, weights);
    const Grid &grid = arguments.grid;
    PyArrayObject *before = arguments.volume(withheld);
    if (in_place && before && before == withheld) {
        Py_INCREF(before);
        Py_XDECREF(*after);
        *after = before;
    }
    return arguments.valid() && prepare_output(after, NPY_FLOAT32, arguments.volume_shape()) &&
           prepare_output(bounds, NPY_FLOAT64, {grid.images}) && run([&] {
               const Kernels kernel = kernels();
               std::vector<float> workspace(kernel.workspace_size(grid));
               return kernel.single_step(grid, Direction(direction), data_of<float>(before), workspace.data(),
                                         data_of<float>(*after), data_of<double>(*bounds));
           });
}

}  // namespace crf
