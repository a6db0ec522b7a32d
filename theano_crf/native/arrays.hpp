// The bridge between NumPy arrays and the solver: views in, storage out, errors as Python exceptions.
//
// Included by the C++ code that Theano generates, after Python.h and NumPy's headers.
#pragma once

#include <algorithm>
#include <new>
#include <omp.h>
#include <pthread.h>
#include <vector>

#include "grid.hpp"

namespace crf {

// A new reference to `array` itself where its last axis is dense and all strides are whole elements, otherwise to a
// dense copy.
inline PyArrayObject *with_dense_rows(PyArrayObject *array)
{
    const int axes = PyArray_NDIM(array);
    const npy_intp size = PyArray_ITEMSIZE(array);
    bool in_place = PyArray_ISALIGNED(array) && PyArray_ISNOTSWAPPED(array);
    for (int axis = 0; axis < axes; ++axis)
        in_place = in_place && PyArray_STRIDE(array, axis) % size == 0;
    if (PyArray_DIM(array, axes - 1) > 1)
        in_place = in_place && PyArray_STRIDE(array, axes - 1) == size;
    if (in_place) {
        Py_INCREF(array);
        return array;
    }
    return reinterpret_cast<PyArrayObject *>(
        PyArray_FromArray(array, PyArray_DescrFromType(PyArray_TYPE(array)), NPY_ARRAY_CARRAY_RO));
}

inline PyArrayObject *dense(PyArrayObject *array)
{
    return reinterpret_cast<PyArrayObject *>(
        PyArray_FromArray(array, PyArray_DescrFromType(PyArray_TYPE(array)), NPY_ARRAY_CARRAY_RO));
}

template <class Value>
Value *data_of(PyArrayObject *array) { return static_cast<Value *>(PyArray_DATA(array)); }

// Makes `output` dense and of that shape; the previous call's is used again where it fits.
inline bool prepare_output(PyArrayObject **output, int type, const std::vector<npy_intp> &shape)
{
    bool fits = *output && PyArray_ISCARRAY(*output) && PyArray_NDIM(*output) == int(shape.size());
    for (size_t axis = 0; fits && axis < shape.size(); ++axis)
        fits = PyArray_DIM(*output, axis) == shape[axis];
    if (fits)
        return true;
    Py_XDECREF(*output);
    *output = reinterpret_cast<PyArrayObject *>(
        PyArray_SimpleNew(shape.size(), const_cast<npy_intp *>(shape.data()), type));
    return *output != nullptr;
}

// The arrays of one call, held while the solver reads them.
class Arguments {
public:
    Grid grid;

    // Without offsets the neighbourhood is the paper's; a null or empty compatibility stands for Potts.
    Arguments(PyArrayObject *unary, PyArrayObject *weights, PyArrayObject *offsets,
              PyArrayObject *compatibility)
        : Arguments(weights, offsets)
    {
        PyArrayObject *costs = hold(with_dense_rows(unary));
        if (!costs || PyErr_Occurred())
            return;
        grid.images = PyArray_DIM(costs, 0);
        grid.labels = PyArray_DIM(costs, 1);
        grid.height = PyArray_DIM(costs, 2);
        grid.width = PyArray_DIM(costs, 3);
        grid.unary = data_of<float>(costs);
        grid.unary_n = PyArray_STRIDE(costs, 0) / long(sizeof(float));
        grid.unary_k = PyArray_STRIDE(costs, 1) / long(sizeof(float));
        grid.unary_y = PyArray_STRIDE(costs, 2) / long(sizeof(float));
        if (grid.images < 1 || grid.labels < 1 || grid.height < 1 || grid.width < 1)
            PyErr_SetString(PyExc_ValueError, "unary is empty; it must be (N, K, H, W), each at least 1");
        else if (PyArray_DIM(weights, 0) != grid.images || PyArray_DIM(weights, 1) != grid.directions ||
                 PyArray_DIM(weights, 2) != grid.height || PyArray_DIM(weights, 3) != grid.width)
            PyErr_Format(PyExc_ValueError, "weights does not fit unary (N, K, H, W); it must be (N, %ld, H, W)",
                         grid.directions);
        else if (compatibility && PyArray_SIZE(compatibility) > 0)
            set_compatibility(compatibility);
    }

    // Of a problem without unary costs, whose shape is that of the weights.
    Arguments(PyArrayObject *weights, PyArrayObject *offsets) : grid()
    {
        static const Offset PAPERS[] = {{0, 1}, {1, 0}};
        grid.directions = offsets ? PyArray_DIM(offsets, 0) : 2;
        offsets_.assign(PAPERS, PAPERS + 2);
        if (PyArrayObject *pairs = offsets ? hold(dense(offsets)) : nullptr) {
            const npy_int64 *steps = data_of<npy_int64>(pairs);
            offsets_.resize(grid.directions);
            for (long d = 0; d < grid.directions; ++d)
                offsets_[d] = {steps[2 * d], steps[2 * d + 1]};
        }
        grid.offsets = offsets_.data();
        PyArrayObject *edges = hold(with_dense_rows(weights));
        if (!edges)
            return;
        grid.images = PyArray_DIM(edges, 0);
        grid.height = PyArray_DIM(edges, 2);
        grid.width = PyArray_DIM(edges, 3);
        grid.weights = data_of<float>(edges);
        grid.weights_n = PyArray_STRIDE(edges, 0) / long(sizeof(float));
        grid.weights_c = PyArray_STRIDE(edges, 1) / long(sizeof(float));
        grid.weights_y = PyArray_STRIDE(edges, 2) / long(sizeof(float));
    }

    ~Arguments()
    {
        for (PyArrayObject *array : held_)
            Py_XDECREF(array);
    }
    Arguments(const Arguments &) = delete;
    Arguments &operator=(const Arguments &) = delete;

    // A dense label map (N, H, W) of the grid; null and an exception if it does not fit.
    const int32_t *label_map(PyArrayObject *labels)
    {
        if (PyErr_Occurred())
            return nullptr;
        if (PyArray_DIM(labels, 0) != grid.images || PyArray_DIM(labels, 1) != grid.height ||
            PyArray_DIM(labels, 2) != grid.width) {
            PyErr_SetString(PyExc_ValueError, "labels do not fit unary (N, K, H, W); they must be (N, H, W)");
            return nullptr;
        }
        PyArrayObject *map = hold(dense(labels));
        return map ? data_of<int32_t>(map) : nullptr;
    }

    // A dense array (N,) of doubles; null and an exception if it does not fit.
    const double *numbers(PyArrayObject *array)
    {
        if (PyErr_Occurred())
            return nullptr;
        if (PyArray_DIM(array, 0) != grid.images) {
            PyErr_SetString(PyExc_ValueError, "energies or bounds do not fit unary (N, K, H, W); they must be (N,)");
            return nullptr;
        }
        PyArrayObject *numbers = hold(dense(array));
        return numbers ? data_of<double>(numbers) : nullptr;
    }

    // A dense volume (N, K, H, W) like unary; null and an exception if it does not fit.
    PyArrayObject *volume(PyArrayObject *array)
    {
        if (PyErr_Occurred())
            return nullptr;
        const std::vector<npy_intp> shape = volume_shape();
        if (!PyArray_CompareLists(PyArray_DIMS(array), shape.data(), 4)) {
            PyErr_SetString(PyExc_ValueError, "withheld does not fit unary; both must be (N, K, H, W)");
            return nullptr;
        }
        return hold(dense(array));
    }

    void set_truth(PyArrayObject *truth, PyArrayObject *void_label)
    {
        grid.truth = label_map(truth);
        grid.void_label = *data_of<int32_t>(void_label);
    }

    // `gamma` has no axes, or is (1 or N, K, K).
    void set_margin(PyArrayObject *gamma)
    {
        const bool one = PyArray_NDIM(gamma) == 0;
        if (PyErr_Occurred())
            return;
        if (!one && ((PyArray_DIM(gamma, 0) != 1 && PyArray_DIM(gamma, 0) != grid.images) || !is_square(gamma))) {
            PyErr_SetString(PyExc_ValueError, "gamma does not fit unary (N, K, H, W); it must be a number, (K, K) or "
                                              "(N, K, K)");
            return;
        }
        PyArrayObject *values = hold(dense(gamma));
        if (!values)
            return;
        if (!all_costs(values))
            PyErr_SetString(PyExc_ValueError, "gamma must be from 0 to 1e30");
        else if (one)
            grid.margin = *data_of<float>(values);
        else
            grid.margins = data_of<float>(values);
        grid.margins_n = one || PyArray_DIM(gamma, 0) == 1 ? 0 : grid.labels * grid.labels;
    }

    // Sets the compatibility (D, K, K). If the grid has no number of labels yet, K is the number.
    void set_compatibility(PyArrayObject *compatibility)
    {
        if (grid.labels == 0)
            grid.labels = PyArray_DIM(compatibility, 1);
        if (PyArray_DIM(compatibility, 0) != grid.directions || !is_square(compatibility))
            PyErr_Format(PyExc_ValueError, "compatibility does not fit; with %ld labels and %ld neighbours it must be "
                         "(%ld, %ld, %ld)", grid.labels, grid.directions, grid.directions, grid.labels, grid.labels);
        else if (PyArrayObject *values = hold(dense(compatibility))) {
            grid.compatibility = data_of<float>(values);
            if (!all_costs(values))
                PyErr_SetString(PyExc_ValueError, "compatibility must be from 0 to 1e30");
        }
    }

    std::vector<npy_intp> map_shape() const { return {grid.images, grid.height, grid.width}; }
    std::vector<npy_intp> volume_shape() const { return {grid.images, grid.labels, grid.height, grid.width}; }

    std::vector<npy_intp> edges_shape() const { return {grid.images, grid.directions, grid.height, grid.width}; }

    bool valid() const { return !PyErr_Occurred(); }

private:
    std::vector<Offset> offsets_;
    std::vector<PyArrayObject *> held_;

    PyArrayObject *hold(PyArrayObject *array)
    {
        held_.push_back(array);
        return array;
    }

    // True if the last two of three axes are the labels.
    bool is_square(PyArrayObject *array) const
    {
        return PyArray_DIM(array, 1) == grid.labels && PyArray_DIM(array, 2) == grid.labels;
    }

    static bool all_costs(PyArrayObject *array)
    {
        const float *values = data_of<float>(array);
        return std::all_of(values, values + PyArray_SIZE(array),
                           [](float value) { return value >= 0 && value <= LARGEST_COST; });
    }
};

// From now on lets one thread do all in processes that are forked from this one: OpenMP would wait for ever for the
// threads that it has started here, which are not forked.
inline void prepare_for_forks()
{
    static const int registered = pthread_atfork(nullptr, nullptr, [] { omp_set_num_threads(1); });
    (void)registered;
}

// Runs a solver without Python's lock; returns false with an exception unless it succeeds.
template <class Solver>
bool run(Solver solver)
{
    Status status = NO_MEMORY;
    prepare_for_forks();
    Py_BEGIN_ALLOW_THREADS
    try {
        status = solver();
    } catch (const std::bad_alloc &) {
    }
    Py_END_ALLOW_THREADS
    if (status == NO_MEMORY)
        PyErr_SetString(PyExc_MemoryError, describe(status));
    else if (status != SOLVED)
        PyErr_SetString(PyExc_ValueError, describe(status));
    return status == SOLVED;
}

}  // namespace crf
