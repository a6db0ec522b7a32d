// The bodies of the Ops Energy, Proof, StructuredLoss and CompatibilityGradient: arrays in and out, false and a Python
// exception on failure.
#pragma once

#include "arrays.hpp"
#include "energy.hpp"
#include "proof.hpp"
#include "structured_loss.hpp"

namespace crf {

inline bool energy_op(PyArrayObject *offsets, PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *labels,
                      PyArrayObject *compatibility, PyArrayObject **energies)
{
    Arguments arguments(unary, weights, offsets, compatibility);
    const int32_t *map = arguments.label_map(labels);
    return arguments.valid() && prepare_output(energies, NPY_FLOAT64, {arguments.grid.images}) &&
           run([&] { return energy(arguments.grid, map, data_of<double>(*energies)); });
}

inline bool proof_op(PyArrayObject *offsets, PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *labels,
                     PyArrayObject *energies_, PyArrayObject *bounds_, PyArrayObject *compatibility,
                     PyArrayObject **proven)
{
    Arguments arguments(unary, weights, offsets, compatibility);
    const Grid &grid = arguments.grid;
    const int32_t *map = arguments.label_map(labels);
    const double *energies = arguments.numbers(energies_), *bounds = arguments.numbers(bounds_);
    return arguments.valid() && prepare_output(proven, NPY_BOOL, {grid.images}) && run([&] {
               return prove(grid, map, energies, bounds, data_of<npy_bool>(*proven));
           });
}

inline bool structured_loss_op(PyArrayObject *offsets, PyArrayObject *unary, PyArrayObject *weights,
                               PyArrayObject *truth, PyArrayObject *completed_, PyArrayObject *augmented_,
                               PyArrayObject *gamma, PyArrayObject *void_label, PyArrayObject *compatibility,
                               PyArrayObject **losses, PyArrayObject **grad_unary, PyArrayObject **grad_weights)
{
    Arguments arguments(unary, weights, offsets, compatibility);
    arguments.set_truth(truth, void_label);
    arguments.set_margin(gamma);
    const int32_t *completed = arguments.label_map(completed_), *augmented = arguments.label_map(augmented_);
    const Grid &grid = arguments.grid;
    return arguments.valid() && prepare_output(losses, NPY_FLOAT64, {grid.images}) &&
           prepare_output(grad_unary, NPY_FLOAT32, arguments.volume_shape()) &&
           prepare_output(grad_weights, NPY_FLOAT32, arguments.edges_shape()) && run([&] {
               return structured_loss(grid, completed, augmented, data_of<double>(*losses),
                                      data_of<float>(*grad_unary), data_of<float>(*grad_weights));
           });
}

inline bool compatibility_gradient_op(PyArrayObject *offsets, PyArrayObject *weights, PyArrayObject *completed_,
                                      PyArrayObject *augmented_, PyArrayObject *compatibility,
                                      PyArrayObject **gradient)
{
    Arguments arguments(weights, offsets);
    arguments.set_compatibility(compatibility);
    const int32_t *completed = arguments.label_map(completed_), *augmented = arguments.label_map(augmented_);
    const Grid &grid = arguments.grid;
    return arguments.valid() &&
           prepare_output(gradient, NPY_FLOAT32, {grid.images, grid.directions, grid.labels, grid.labels}) &&
           run([&] { return compatibility_gradient(grid, completed, augmented, data_of<float>(*gradient)); });
}

}  // namespace crf
