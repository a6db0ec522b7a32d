// The energy of a batch of images on the 4-connected grid, as the solver sees it.
#pragma once

#include <cstdint>

namespace crf {

enum Direction { ROWS = 0, COLUMNS = 1 };  // the channel of `weights` with that direction's edges

// unary(n, k, y, x) = unary[n * unary_n + k * unary_k + y * unary_y + x], strides in elements, and so for
// the weights: any view whose last axis is dense is read in place.
struct Grid {
    long images, labels, height, width;
    const float *unary;
    long unary_n, unary_k, unary_y;
    const float *weights;
    long weights_n, weights_c, weights_y;
    // Loss augmentation: -margin * [k != truth] is added to the unary costs of labelled pixels; null for none.
    const int32_t *truth;
    int32_t void_label;
    float margin;

    long pixels() const { return height * width; }
    long volume() const { return labels * height * width; }
};

enum Status { SOLVED, UNARY_NOT_FINITE, WEIGHTS_INVALID, LABEL_OUTSIDE, NO_MEMORY };

inline const char *describe(Status status)
{
    switch (status) {
    case UNARY_NOT_FINITE:
        return "unary holds NaN or infinite costs; give finite ones, -log(max(p, 1e-6)) instead of -log(p), say";
    case WEIGHTS_INVALID:
        return "weights holds NaN, infinite or negative values; pairwise weights must be finite and at least 0";
    case LABEL_OUTSIDE:
        return "a label is neither one of the K classes of unary, 0 to K - 1, nor void";
    case NO_MEMORY:
        return "not enough memory for the chains of one image";
    default:
        return "";
    }
}

}  // namespace crf
