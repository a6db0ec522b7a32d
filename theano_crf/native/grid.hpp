// The energy of a batch of images on the 4-connected grid, as the solver sees it. The macros CRF_... are constants of
// theano_crf/constants.py, given to the compiler.
#pragma once

#include <cstdint>

namespace crf {

enum Direction { ROWS = CRF_ROWS, COLUMNS = CRF_COLUMNS };  // also the channel of `weights` with the direction's edges

// The largest cost, weight or margin, so that sums over a chain are finite.
const float LARGEST_COST = CRF_LARGEST_COST;

enum Decoding { ARGMIN = CRF_ARGMIN, VITERBI = CRF_VITERBI, ICM = CRF_ICM };

// unary(n, k, y, x) = unary[n * unary_n + k * unary_k + y * unary_y + x], with strides in elements; likewise the
// weights. So any view whose last axis is dense is read in place.
struct Grid {
    long images, labels, height, width;
    const float *unary;
    long unary_n, unary_k, unary_y;
    const float *weights;
    long weights_n, weights_c, weights_y;
    // Loss augmentation: -margin * [k != truth] is added to the unary costs of labelled pixels; none if null.
    const int32_t *truth;
    int32_t void_label;
    float margin;

    long pixels() const { return height * width; }
    long volume() const { return labels * height * width; }
};

enum Status { SOLVED, UNARY_INVALID, WITHHELD_INVALID, WEIGHTS_INVALID, LABEL_OUTSIDE, NO_MEMORY };

// Checks that each label is a class or, where the grid has a truth, void.
inline Status check_labels(const Grid &grid, const int32_t *labels)
{
    const uint32_t classes = grid.labels;
    const int32_t allowed = grid.truth ? grid.void_label : 0;  // 0 is a class anyway
    bool outside = false;
    for (long pixel = 0; pixel < grid.images * grid.pixels(); ++pixel)
        outside |= (uint32_t(labels[pixel]) >= classes) & (labels[pixel] != allowed);
    return outside ? LABEL_OUTSIDE : SOLVED;
}

// Checks that each label of the grid's truth is a class or void, and each of `labels` a class.
inline Status check_truth_and_labels(const Grid &grid, const int32_t *labels)
{
    Grid without_truth = grid;
    without_truth.truth = nullptr;
    const Status status = check_labels(grid, grid.truth);
    return status == SOLVED ? check_labels(without_truth, labels) : status;
}

inline const char *describe(Status status)
{
    switch (status) {
    case UNARY_INVALID:
        return "unary holds NaN or infinite costs, or some beyond 1e30; they must be finite: "
               "-log(max(p, 1e-6)), not -log(p)";
    case WITHHELD_INVALID:
        return "withheld holds NaN or infinite values, or some beyond 1e30; start from zeros and pass on what "
               "half_step returns";
    case WEIGHTS_INVALID:
        return "weights holds NaN, infinite or negative values, or some beyond 1e30; they must be finite and at "
               "least 0";
    case LABEL_OUTSIDE:
        return "a label is neither one of the K classes of unary, 0 to K - 1, nor void";
    case NO_MEMORY:
        return "not enough memory for the chains of one image";
    default:
        return "";
    }
}

}  // namespace crf
