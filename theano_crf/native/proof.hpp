// Proof of optimality: a lower bound that has reached the energy of a labelling.
#pragma once

#include <cmath>

#include "energy.hpp"

namespace crf {

// The most by which rounding to single precision changes a number, relatively.
const double HALF_SPACING = 1.0 / (1 << 24);

// The gap that rounding may leave between a bound and the energy of optimal `labels`: half the spacing of single
// precision at the labels' unary costs and at all edges' weights, which messages over them reach.
inline double rounding_of(const Grid &grid, const int32_t *labels, long image)
{
    float most = 0;
    for (long i = 0; grid.compatibility && i < grid.directions * grid.labels * grid.labels; ++i)
        most = std::max(most, grid.compatibility[i]);
    std::vector<double> rows(grid.height);
    #pragma omp parallel for
    for (long y = 0; y < grid.height; ++y) {
        const float *unary = grid.unary + image * grid.unary_n + y * grid.unary_y;
        const int32_t *row = labels + (image * grid.height + y) * grid.width;
        rows[y] = sum(grid.width, [&](long x) { return std::abs(double(unary[row[x] * grid.unary_k + x])); });
        for (long d = 0; d < grid.directions; ++d) {
            const Span edges = grid.span(d, y);
            const float *weights = grid.weights_row(image, d, y) + edges.first;
            const double edge_sum = sum(edges.end - edges.first, [&](long i) { return weights[i]; });
            rows[y] += (grid.compatibility ? most : 1) * edge_sum;
        }
    }
    return HALF_SPACING * std::accumulate(rows.begin(), rows.end(), 0.0);  // in order, whatever the threads
}

// Writes which images' `labels` are proven optimal (N,), given their energies and bounds: those whose energies exceed
// the bounds by no more than rounding.
template <class Flag>
Status prove(const Grid &grid, const int32_t *labels, const double *energies, const double *bounds, Flag *proven)
{
    if (check_labels(grid, labels) != SOLVED)
        return LABEL_OUTSIDE;
    for (long image = 0; image < grid.images; ++image)
        proven[image] = energies[image] - bounds[image] <= rounding_of(grid, labels, image);
    return SOLVED;
}

}  // namespace crf
