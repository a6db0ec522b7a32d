// The energy of a labelling, in double precision.
#pragma once

#include <numeric>
#include <vector>

#include "grid.hpp"

namespace crf {

// Cost of the edges from row y: to the right and downwards.
inline double edge_costs(const Grid &grid, const int32_t *labels, long image, long y)
{
    const float *right = grid.weights + image * grid.weights_n + y * grid.weights_y;
    const float *down = right + grid.weights_c;
    const int32_t *row = labels + (image * grid.height + y) * grid.width;
    double cost = 0;
    for (long x = 0; x + 1 < grid.width; ++x)
        cost += row[x] != row[x + 1] ? right[x] : 0.f;
    if (y + 1 < grid.height)
        for (long x = 0; x < grid.width; ++x)
            cost += row[x] != row[x + grid.width] ? down[x] : 0.f;
    return cost;
}

// energies (N,); labels (N, H, W), each at least 0 and less than K.
inline Status energy(const Grid &grid, const int32_t *labels, double *energies)
{
    if (check_labels(grid, labels) != SOLVED)
        return LABEL_OUTSIDE;
    std::vector<double> rows(grid.images * grid.height);
    #pragma omp parallel for
    for (long task = 0; task < grid.images * grid.height; ++task) {
        const long image = task / grid.height, y = task % grid.height;
        const float *unary = grid.unary + image * grid.unary_n + y * grid.unary_y;
        double cost = edge_costs(grid, labels, image, y);
        for (long x = 0; x < grid.width; ++x)
            cost += unary[labels[task * grid.width + x] * grid.unary_k + x];
        rows[task] = cost;
    }
    for (long image = 0; image < grid.images; ++image)  // in order, whatever the number of threads
        energies[image] = std::accumulate(rows.begin() + image * grid.height,
                                          rows.begin() + (image + 1) * grid.height, 0.0);
    return SOLVED;
}

}  // namespace crf
