// Margin-rescaled hinge loss of a labelling against the truth, and its subgradients, in one pass.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "grid.hpp"

namespace crf {

// One pixel of either labelling. A void pixel takes the other labelling's label as its truth.
struct Pixel {
    int32_t truth, found;
    bool labelled;
};

inline Pixel pixel_at(const Grid &grid, const int32_t *found, long index)
{
    const bool labelled = grid.truth[index] != grid.void_label;
    return {labelled ? grid.truth[index] : found[index], found[index], labelled};
}

// The loss of an edge; its gradient, 0 where an end is void, goes to `gradient`.
inline double edge_loss(const Pixel &one, const Pixel &other, float weight, float *gradient)
{
    const int difference = (one.truth != other.truth) - (one.found != other.found);
    *gradient = one.labelled && other.labelled ? difference : 0;
    return difference ? double(weight) * difference : 0;
}

// losses (N,); grad_unary (N, K, H, W) and grad_weights (N, 2, H, W), dense, every entry written once, but
// for the two a wrong pixel.
inline Status structured_loss(const Grid &grid, const int32_t *found, double *losses, float *grad_unary,
                              float *grad_weights)
{
    Grid without_truth = grid;
    without_truth.truth = nullptr;
    if (check_labels(grid, grid.truth) != SOLVED || check_labels(without_truth, found) != SOLVED)
        return LABEL_OUTSIDE;
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
            const Pixel here = pixel_at(grid, found, index);
            if (here.truth != here.found) {
                loss += double(grid.margin) + unary[here.truth * grid.unary_k + x] -
                        double(unary[here.found * grid.unary_k + x]);
                gradient[here.truth * pixels + x] = 1;
                gradient[here.found * pixels + x] = -1;
            }
            if (x + 1 < width)
                loss += edge_loss(here, pixel_at(grid, found, index + 1), right[x], grad_right + x);
            if (y + 1 < height)
                loss += edge_loss(here, pixel_at(grid, found, index + width), down[x], grad_down + x);
        }
        rows[task] = loss;
    }
    for (long image = 0; image < grid.images; ++image)  // in order, whatever the number of threads
        losses[image] = std::accumulate(rows.begin() + image * height,
                                        rows.begin() + (image + 1) * height, 0.0);
    return SOLVED;
}

}  // namespace crf
