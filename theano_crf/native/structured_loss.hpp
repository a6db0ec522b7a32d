// The margin-rescaled hinge loss and its gradients, in one pass.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "allocation_failures.hpp"
#include "grid.hpp"

namespace crf {

// One pixel's label in the completed truth and in the loss-augmented labelling.
struct Pixel {
    int32_t completed, augmented;
};

// The loss of an edge of direction d; its gradient goes to `gradient`.
inline double edge_loss(const Grid &grid, long d, const Pixel &one, const Pixel &other, float weight, float *gradient)
{
    const double difference = double(grid.mu(d, one.completed, other.completed)) -
                              grid.mu(d, one.augmented, other.augmented);
    *gradient = difference;
    return difference ? weight * difference : 0;
}

// Writes `losses` (N,), `grad_unary` (N, K, H, W) and `grad_weights` (N, D, H, W), all dense. `completed` is the truth
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
        float *gradient = grad_unary + image * grid.volume() + y * width;
        float *grad_edges = grad_weights + grid.directions * image * pixels + y * width;
        for (long k = 0; k < grid.labels; ++k)
            std::fill_n(gradient + k * pixels, width, 0.f);
        for (long d = 0; d < grid.directions; ++d)
            std::fill_n(grad_edges + d * pixels, width, 0.f);
        double loss = 0;
        for (long x = 0; x < width; ++x) {
            const long index = task * width + x;
            const Pixel here = pixel_at(index);
            if (here.completed != here.augmented) {
                const int32_t truth = grid.truth[index];
                const float margin = truth == grid.void_label ? 0 : grid.margin_of(image, truth, here.augmented);
                loss += double(margin) + unary[here.completed * grid.unary_k + x] -
                        double(unary[here.augmented * grid.unary_k + x]);
                gradient[here.completed * pixels + x] = 1;
                gradient[here.augmented * pixels + x] = -1;
            } else if (grid.margins && grid.truth[index] != grid.void_label) {
                loss += grid.margin_of(image, grid.truth[index], here.augmented);  // may cost, too
            }
            for (long d = 0; d < grid.directions; ++d)
                if (grid.has_edge(d, y, x))
                    loss += edge_loss(grid, d, here, pixel_at(index + grid.step(d)),
                                      grid.weights_row(image, d, y)[x], grad_edges + d * pixels + x);
        }
        rows[task] = loss;
    }
    for (long image = 0; image < grid.images; ++image)  // in order, whatever the number of threads
        losses[image] = std::accumulate(rows.begin() + image * height,
                                        rows.begin() + (image + 1) * height, 0.0);
    return SOLVED;
}

// Writes `gradient` (N, D, K, K): for each pair of labels the weights of the edges that have it in the completed truth,
// less those that have it in the augmented labels.
inline Status compatibility_gradient(const Grid &grid, const int32_t *completed, const int32_t *augmented,
                                     float *gradient)
{
    if (check_labels(grid, completed) != SOLVED || check_labels(grid, augmented) != SOLVED)
        return LABEL_OUTSIDE;
    const long pairs = grid.labels * grid.labels;
    const auto add_up = [&](long task) {
        const long image = task / grid.directions, d = task % grid.directions, step = grid.step(d);
        std::vector<double> sums(pairs);
        for (long y = 0; y < grid.height; ++y)
            for (long x = grid.span(d, y).first; x < grid.span(d, y).end; ++x) {
                const long first = image * grid.pixels() + y * grid.width + x, second = first + step;
                const double weight = grid.weights_row(image, d, y)[x];
                sums[completed[first] * grid.labels + completed[second]] += weight;
                sums[augmented[first] * grid.labels + augmented[second]] -= weight;
            }
        std::copy(sums.begin(), sums.end(), gradient + task * pairs);
    };
    AllocationFailures failures;
    #pragma omp parallel for
    for (long task = 0; task < grid.images * grid.directions; ++task)
        failures.guard([&] { add_up(task); });
    failures.rethrow();
    return SOLVED;
}

}  // namespace crf
