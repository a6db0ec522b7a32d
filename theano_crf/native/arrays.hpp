// The bridge between NumPy arrays and the solver: views in, storage out, errors as Python exceptions.
//
// Included by the C++ code that Theano generates, after Python.h and NumPy's headers.
#pragma once

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

    Arguments(PyArrayObject *unary, PyArrayObject *weights)
        : grid(), unary_(with_dense_rows(unary)), weights_(with_dense_rows(weights))
    {
        if (!unary_ || !weights_)
            return;
        grid.images = PyArray_DIM(unary_, 0);
        grid.labels = PyArray_DIM(unary_, 1);
        grid.height = PyArray_DIM(unary_, 2);
        grid.width = PyArray_DIM(unary_, 3);
        grid.unary = data_of<float>(unary_);
        grid.unary_n = PyArray_STRIDE(unary_, 0) / long(sizeof(float));
        grid.unary_k = PyArray_STRIDE(unary_, 1) / long(sizeof(float));
        grid.unary_y = PyArray_STRIDE(unary_, 2) / long(sizeof(float));
        grid.weights = data_of<float>(weights_);
        grid.weights_n = PyArray_STRIDE(weights_, 0) / long(sizeof(float));
        grid.weights_c = PyArray_STRIDE(weights_, 1) / long(sizeof(float));
        grid.weights_y = PyArray_STRIDE(weights_, 2) / long(sizeof(float));
        if (grid.images < 1 || grid.labels < 1 || grid.height < 1 || grid.width < 1)
            PyErr_SetString(PyExc_ValueError, "unary is empty; it must be (N, K, H, W), each at least 1");
        else if (PyArray_DIM(weights_, 0) != grid.images || PyArray_DIM(weights_, 1) != 2 ||
                 PyArray_DIM(weights_, 2) != grid.height || PyArray_DIM(weights_, 3) != grid.width)
            PyErr_SetString(PyExc_ValueError,
                            "weights does not fit unary (N, K, H, W); it must be (N, 2, H, W)");
    }
    ~Arguments()
    {
        Py_XDECREF(unary_);
        Py_XDECREF(weights_);
        for (PyArrayObject *copy : copies_)
            Py_XDECREF(copy);
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
        copies_.push_back(dense(labels));
        return copies_.back() ? data_of<int32_t>(copies_.back()) : nullptr;
    }

    // A dense volume (N, K, H, W) like unary; null and an exception if it does not fit.
    PyArrayObject *volume(PyArrayObject *array)
    {
        if (PyErr_Occurred())
            return nullptr;
        if (!PyArray_CompareLists(PyArray_DIMS(array), PyArray_DIMS(unary_), 4)) {
            PyErr_SetString(PyExc_ValueError, "withheld does not fit unary; both must be (N, K, H, W)");
            return nullptr;
        }
        copies_.push_back(dense(array));
        return copies_.back();
    }

    void set_truth(PyArrayObject *truth, PyArrayObject *void_label)
    {
        grid.truth = label_map(truth);
        grid.void_label = *data_of<int32_t>(void_label);
    }

    void set_margin(PyArrayObject *gamma)
    {
        grid.margin = *data_of<float>(gamma);
        if (!PyErr_Occurred() && !(grid.margin >= 0 && grid.margin <= LARGEST_COST))
            PyErr_SetString(PyExc_ValueError, "gamma must be from 0 to 1e30");
    }

    std::vector<npy_intp> map_shape() const { return {grid.images, grid.height, grid.width}; }
    std::vector<npy_intp> volume_shape() const { return {grid.images, grid.labels, grid.height, grid.width}; }

    bool valid() const { return unary_ && weights_ && !PyErr_Occurred(); }

private:
    PyArrayObject *unary_, *weights_;
    std::vector<PyArrayObject *> copies_;
};

// Runs a solver without Python's lock; returns false with an exception unless it succeeds.
template <class Solver>
bool run(Solver solver)
{
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = solver();
    Py_END_ALLOW_THREADS
    if (status == NO_MEMORY)
        PyErr_SetString(PyExc_MemoryError, describe(status));
    else if (status != SOLVED)
        PyErr_SetString(PyExc_ValueError, describe(status));
    return status == SOLVED;
}

}  // namespace crf
