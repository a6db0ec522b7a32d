// The margin-rescaled hinge loss and its gradients, in one pass.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "grid.hpp"

namespace crf {

// One pixel's label in the completed truth and in the loss-augmented labelling.
struct Pixel {
    int32_t completed, augmented;
};

// The loss of an edge; its gradient goes to `gradient`.
inline double edge_loss(const Pixel &one, const Pixel &other, float weight, float *gradient)
{
    const int difference = (one.completed != other.completed) - (one.augmented != other.augmented);
    *gradient = difference;
    return difference ? double(weight) * difference : 0;
}

// Writes `losses` (N,), `grad_unary` (N, K, H, W) and `grad_weights` (N, 2, H, W), all dense. `completed` is the truth
// with classes at void pixels.
inline Status structured_loss(const Grid &grid, const int32_t *completed, const int32_t *augmented, double *losses,
                              float *grad_unary, float *grad_weights)
{
    if (check_truth_and_labels(grid, completed) != SOLVED || check_truth_and_labels(grid, augmented) != SOLVED)
        return LABEL_OUTSIDE;
    const auto pixel_at = [&](long index) { return Pixel{completed[index], augmented[index]}; };
    const long width = grid.width, height = grid.height, pixels = grid.pixels();
    std::vector<double> rows(grid.images * height);
    #pragma omp parallel for
    for (long task = 0; task < grid.images * height; ++task) {
        const long image = task / height, y = task % height;
        const float *unary = grid.unary + image * grid.unary_n + y * grid.unary_y;
        const float *right = grid.weights + image * grid.weights_n + y * grid.weights_y;
        const float *down = right + grid.weights_c;
        float *gradient = grad_unary + image * grid.volume() + y * width;
        float *grad_right = grad_weights + 2 * image * pixels + y * width, *grad_down = grad_right + pixels;
        for (long k = 0; k < grid.labels; ++k)
            std::fill_n(gradient + k * pixels, width, 0.f);
        std::fill_n(grad_down, width, 0.f);
        grad_right[width - 1] = 0;
        double loss = 0;
        for (long x = 0; x < width; ++x) {
            const long index = task * width + x;
            const Pixel here = pixel_at(index);
            if (here.completed != here.augmented) {
                const float margin = grid.truth[index] == grid.void_label ? 0 : grid.margin;
                loss += double(margin) + unary[here.completed * grid.unary_k + x] -
                        double(unary[here.augmented * grid.unary_k + x]);
                gradient[here.completed * pixels + x] = 1;
                gradient[here.augmented * pixels + x] = -1;
            }
            if (x + 1 < width)
                loss += edge_loss(here, pixel_at(index + 1), right[x], grad_right + x);
            if (y + 1 < height)
                loss += edge_loss(here, pixel_at(index + width), down[x], grad_down + x);
        }
        rows[task] = loss;
    }
    for (long image = 0; image < grid.images; ++image)  // in order, whatever the number of threads
        losses[image] = std::accumulate(rows.begin() + image * height,
                                        rows.begin() + (image + 1) * height, 0.0);
    return SOLVED;
}

}  // namespace crf
