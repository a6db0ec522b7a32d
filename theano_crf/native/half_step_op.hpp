// The body of the Op HalfStep: arrays in and out, false and a Python exception on failure.
#pragma once

#include "arrays.hpp"
#include "instruction_sets.hpp"

namespace crf {

inline bool half_step_op(int direction, bool in_place, PyArrayObject *unary, PyArrayObject *weights,
                         PyArrayObject *withheld, PyArrayObject **after, PyArrayObject **bounds)
{
    Arguments arguments(unary, weights, nullptr, nullptr);
    const Grid &grid = arguments.grid;
    PyArrayObject *before = arguments.volume(withheld);
    if (in_place && before && before == withheld) {
        Py_INCREF(before);
        Py_XDECREF(*after);
        *after = before;
    }
    return arguments.valid() && prepare_output(after, NPY_FLOAT32, arguments.volume_shape()) &&
           prepare_output(bounds, NPY_FLOAT64, {grid.images}) && run([&] {
               std::vector<float> workspace(kernels::workspace_size(grid, 1));
               return kernels::single_step(grid, Direction(direction), data_of<float>(before), workspace.data(),
                                         data_of<float>(*after), data_of<double>(*bounds));
           });
}

}  // namespace crf
