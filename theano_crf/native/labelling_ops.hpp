// The bodies of the Ops Energy and StructuredLoss: arrays in and out, false and a Python exception on failure.
#pragma once

#include "arrays.hpp"
#include "energy.hpp"
#include "structured_loss.hpp"

namespace crf {

inline bool energy_op(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *labels,
                      PyArrayObject **energies)
{
    Arguments arguments(unary, weights);
    const int32_t *map = arguments.label_map(labels);
    return arguments.valid() && prepare_output(energies, NPY_FLOAT64, {arguments.grid.images}) &&
           run([&] { return energy(arguments.grid, map, data_of<double>(*energies)); });
}

inline bool structured_loss_op(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *truth,
                               PyArrayObject *completed_, PyArrayObject *augmented_, PyArrayObject *gamma,
                               PyArrayObject *void_label, PyArrayObject **losses, PyArrayObject **grad_unary,
                               PyArrayObject **grad_weights)
{
    Arguments arguments(unary, weights);
    arguments.set_truth(truth, void_label);
    arguments.set_margin(gamma);
    const int32_t *completed = arguments.label_map(completed_), *augmented = arguments.label_map(augmented_);
    const Grid &grid = arguments.grid;
    return arguments.valid() && prepare_output(losses, NPY_FLOAT64, {grid.images}) &&
           prepare_output(grad_unary, NPY_FLOAT32, arguments.volume_shape()) &&
           prepare_output(grad_weights, NPY_FLOAT32, {grid.images, 2, grid.height, grid.width}) && run([&] {
               return structured_loss(grid, completed, augmented, data_of<double>(*losses),
                                      data_of<float>(*grad_unary), data_of<float>(*grad_weights));
           });
}

}  // namespace crf
